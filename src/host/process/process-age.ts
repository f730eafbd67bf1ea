import { readFileSync } from 'node:fs';

/** USER_HZ, the unit of start times in `/proc`: 100 on every architecture that Node runs on. */
const msPerTick = 10;

/** Milliseconds since a process began, by the clock since boot: a change of the time of day does not make it older. */
export function processAgeMs(process: { start_ticks: number }): number {
  return Math.max(0, uptimeMs() - process.start_ticks * msPerTick);
}

/** Milliseconds since the kernel started, in steps of ten; counts while the machine sleeps, and is never set. */
export function uptimeMs(): number {
  const [uptimeSeconds] = readFileSync('/proc/uptime', 'utf8').split(' ');
  return Number(uptimeSeconds) * 1000;
}
