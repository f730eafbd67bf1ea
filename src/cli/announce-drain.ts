import { note } from './output.ts';

/** Says on a terminal what stopping a worker means for what it runs. */
export function announceDrain(): void {
  if (process.stderr.isTTY) note('stopping: running repeats go on and are adopted by the next worker');
}
