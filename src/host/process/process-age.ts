import { readFileSync } from 'node:fs';

/** USER_HZ, the unit of start times in `/proc`: 100 on every architecture that Node runs on. */
const msPerTick = 10;

/** Milliseconds since a process began, by the clock since boot: a change of the time of day does not make it older. */
export function processAgeMs(process: { start_ticks: number }): number {
  const [uptimeSeconds] = readFileSync('/proc/uptime', 'utf8').split(' ');
  return Math.max(0, Number(uptimeSeconds) * 1000 - process.start_ticks * msPerTick);
}
