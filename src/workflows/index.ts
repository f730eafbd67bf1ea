export { calibrate } from './calibrate.ts';
export { readLog } from './read-log.ts';
