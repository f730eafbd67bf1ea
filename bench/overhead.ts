import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Client, Connection } from '@temporalio/client';
import { execa } from 'execa';

import type { Attempt } from '../src/domain/observation/observation.ts';
import { readAttempts } from '../src/host/run-directory/attempts-file.ts';
import { stateQuery } from '../src/workflows/messages.ts';
import { type CalibUp, program, startCalibUp } from './calib-up.ts';
import { figure } from './figure.ts';
import { printMachine } from './machine.ts';
import { makeScriptedSuite } from '../test/fixtures/scripted-suite/make-scripted-suite.ts';

/**
 * What calib costs on top of pytest: wall time of a whole session on one lane, by the built program and an embedded
 * server, against the sum of pytest's own times. The aim is 3 % plus half a second a repeat.
 *
 *   npx tsx bench/overhead.ts [repeats]      (after `npm run setup`, which builds the program)
 */
const repeats = Number(process.argv[2] ?? 10);
const aim = { factor: 1.03, secondsARepeat: 0.5 };

printMachine();
const folder = await mkdtemp(join(tmpdir(), 'calib-bench-overhead-'));
const suite = await makeScriptedSuite();
let up: CalibUp | undefined;
try {
  up = await startCalibUp(folder);
  const { stdout } = await execa(
    program,
    ['start', '--detach', '--json', ...suite.options, '--stages', 'ALL', '--repeats', String(repeats)],
    { env: up.env, extendEnv: false },
  );
  const { session } = JSON.parse(stdout) as { session: string };
  report(await follow(up.address, session), await attemptsOf(session));
} finally {
  await up?.stop();
  await suite.remove();
  await rm(folder, { recursive: true, force: true });
}

/** Seconds from the first launch to the end of the last recording, and to the finished report. */
async function follow(address: string, session: string): Promise<{ calibrating: number; total: number }> {
  const connection = await Connection.connect({ address });
  try {
    const handle = new Client({ connection }).workflow.getHandle(session);
    let beganAt = 0;
    let doneAt = 0;
    for (;;) {
      const { phase, marks } = await handle.query(stateQuery);
      const now = performance.now();
      if (beganAt === 0 && phase.kind === 'calibrating') beganAt = now;
      if (doneAt === 0 && Object.values(marks).every((of) => /^d+$/.test(of))) doneAt = now;
      if (phase.kind === 'awaiting_decision') {
        return { calibrating: (doneAt - beganAt) / 1000, total: (now - beganAt) / 1000 };
      }
      if (phase.kind !== 'calibrating' && phase.kind !== 'reporting' && beganAt > 0) {
        throw new Error(`the session does not go on: ${JSON.stringify(phase)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  } finally {
    await connection.close();
  }
}

async function attemptsOf(session: string): Promise<Attempt[]> {
  const runDir = join(suite.repo, '.tune-runs', session);
  const attempts: Attempt[] = [];
  for (const namespace of await readdir(join(runDir, '_pytest'))) {
    for (let repeat = 1; repeat <= repeats; repeat += 1) {
      attempts.push(...(await readAttempts({ runDir, namespace, repeat })));
    }
  }
  return attempts;
}

function report(wall: { calibrating: number; total: number }, attempts: readonly Attempt[]): void {
  const pytest = attempts.reduce((sum, { duration_s }) => sum + duration_s, 0);
  const overhead = (wall.calibrating - pytest) / attempts.length;
  const allowed = pytest * aim.factor + aim.secondsARepeat * attempts.length;
  console.log(
    `${attempts.length} repeats on one lane: ${wall.calibrating.toFixed(1)} s for ${pytest.toFixed(1)} s of pytest, ` +
      `${overhead.toFixed(2)} s a repeat on top (aim: ${allowed.toFixed(1)} s in all); ` +
      `report ready ${(wall.total - wall.calibrating).toFixed(1)} s later`,
  );
  figure({
    name: 'session on top of pytest, after 3 %',
    value: (wall.calibrating - pytest * aim.factor) / attempts.length,
    unit: 's/repeat',
    aim: aim.secondsARepeat,
  });
  process.exitCode = wall.calibrating <= allowed ? 0 : 1;
}
