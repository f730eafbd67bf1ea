export { calibrate } from './session.ts';
export { readLog } from './read-log.ts';
