import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { execa } from 'execa';

import { readAttempts } from '../src/host/run-directory/attempts-file.ts';
import { makeScriptedSuite } from '../test/fixtures/scripted-suite/make-scripted-suite.ts';
import { type CalibUp, program, startCalibUp } from './calib-up.ts';
import { figure } from './figure.ts';
import { printMachine } from './machine.ts';

/**
 * From the moment something goes wrong in a pytest to the record of its end, by the built program and an embedded
 * server:
 * pytest killed, and a fatal line in the log of a pytest that hangs.
 *
 *   npx tsx bench/crash.ts      (after `npm run setup`, which builds the program)
 */
/** Of the four launches that a repeat has, the last one passes. */
const spoilt = 3;
const namespace = 'test_alpha_ci';
const pollMs = 5;
/** Pid of the last test that was waited for. */
let waited = 0;

printMachine();
const folder = await mkdtemp(join(tmpdir(), 'calib-bench-crash-'));
const suite = await makeScriptedSuite();
let up: CalibUp | undefined;
try {
  for (let launch = 1; launch <= spoilt; launch += 1)
    await suite.script('alpha', { waitFor: 'never' }, launch);
  for (let launch = spoilt + 2; launch <= 2 * spoilt + 1; launch += 1) {
    await suite.script(
      'alpha',
      { print: ['CUDA error: an illegal memory access was encountered'], waitFor: 'never' },
      launch,
    );
  }
  up = await startCalibUp(folder);
  const { stdout } = await execa(
    program,
    ['start', '--detach', '--json', ...suite.options, '--stages', 'alpha', '--repeats', '2'],
    { env: up.env, extendEnv: false },
  );
  const { run_dir: runDir } = JSON.parse(stdout) as { run_dir: string };
  report('pytest killed → end recorded', await latencies(runDir, 1, true));
  report('fatal line while pytest hangs → end recorded', await latencies(runDir, 2, false));
} finally {
  await up?.stop();
  await suite.remove();
  await rm(folder, { recursive: true, force: true });
}

/** Seconds from each trouble of a repeat's spoilt launches to the record of its attempt. */
async function latencies(runDir: string, repeat: number, kill: boolean): Promise<number[]> {
  const seconds: number[] = [];
  for (let attempt = 1; attempt <= spoilt; attempt += 1) {
    waited = await waitingPid(waited);
    // The fatal line was printed right before the test began to wait.
    const since = performance.now();
    if (kill) process.kill(waited, 'SIGKILL');
    while (!(await readAttempts({ runDir, namespace, repeat })).some(({ n }) => n === attempt))
      await sleep(pollMs);
    seconds.push((performance.now() - since) / 1000);
  }
  return seconds;
}

/** Pid of the test that waits now; not that of the launch before it. */
async function waitingPid(before: number): Promise<number> {
  for (;;) {
    const pid = Number(await readFile(join(suite.control, 'alpha.waiting'), 'utf8').catch(() => '0'));
    if (pid > 0 && pid !== before) return pid;
    await sleep(pollMs);
  }
}

function report(name: string, seconds: readonly number[]): void {
  const sorted = seconds.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const worst = sorted.at(-1) ?? Number.NaN;
  console.log(`${name}: median ${median.toFixed(2)} s, worst ${worst.toFixed(2)} s of ${sorted.length}`);
  figure({ name: `${name}, worst of ${sorted.length}`, value: worst, unit: 's', aim: null });
}
