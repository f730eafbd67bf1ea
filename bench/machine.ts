import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';

import { figuresVariable } from './figure.ts';

/** What a bench runs on at this moment; figures mean nothing without it. */
export function machine() {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memory_gib: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    load_at_start: Number((loadavg()[0] ?? 0).toFixed(1)),
  };
}

/** One line for people. */
export function machineLine({
  cpu,
  cores,
  memory_gib,
  node,
  load_at_start,
}: ReturnType<typeof machine>): string {
  return `${cpu}, ${cores} cores, ${memory_gib} GiB, Node ${node}, load ${load_at_start}`;
}

/** Begins the output of a bench that is run alone; `npm run bench` says it once for all. */
export function printMachine(): void {
  if (!process.env[figuresVariable]) console.log(machineLine(machine()));
}
