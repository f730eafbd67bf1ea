import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { execa } from 'execa';

import { program, startCalibUp } from './calib-up.ts';
import { figure } from './figure.ts';
import { printMachine } from './machine.ts';

/**
 * How long the built program takes to start: commands that answer at once, and `calib up` until its worker polls.
 *
 *   npx tsx bench/start-up.ts      (after `npm run setup`, which builds the program)
 */
const rounds = 7;

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Milliseconds of a whole run of the program. */
async function timed(args: readonly string[], env: Record<string, string>): Promise<number> {
  const started = performance.now();
  await execa(program, args, { env, reject: false });
  return performance.now() - started;
}

async function measure(
  name: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<void> {
  const values: number[] = [];
  for (let round = 0; round < rounds; round += 1) values.push(await timed(args, env));
  const value = median(values);
  console.log(`${name}: ${value.toFixed(0)} ms (median of ${rounds})`);
  figure({ name, value, unit: 'ms', aim: null });
}

printMachine();
const folder = await mkdtemp(join(tmpdir(), 'calib-bench-start-'));
await measure('calib --help', ['--help']);
await measure('calib status', ['status', '--run-dir', folder]);
const started = performance.now();
const up = await startCalibUp(folder);
const ready = (performance.now() - started) / 1000;
try {
  console.log(`calib up, server and worker ready: ${ready.toFixed(2)} s`);
  figure({ name: 'calib up until its worker polls', value: ready, unit: 's', aim: null });
  await measure('calib list', ['list'], { TEMPORAL_ADDRESS: up.address });
  await measure(
    'calib query, of a session that is not there',
    ['query', '20260101T000000Z_nobody', 'status'],
    { TEMPORAL_ADDRESS: up.address },
  );
} finally {
  await up.stop();
  await rm(folder, { recursive: true, force: true });
}
