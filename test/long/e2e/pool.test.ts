import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { observationSchema } from '../../../src/domain/observation/observation.ts';
import { PoolWorld } from '../../e2e/pool-world.ts';

let world: PoolWorld;

beforeEach(async () => {
  world = await PoolWorld.start();
});

afterEach(async () => {
  await world.close();
});

async function hostOfRepeat(runDir: string, stage: string, repeat: number): Promise<string> {
  const text = await readFile(join(runDir, stage, `run${repeat}.json`), 'utf8');
  return observationSchema.parse(JSON.parse(text)).host ?? '';
}

it('shares the repeats with a second machine, keeps all records at home, and fetches the other’s log', async () => {
  const { up, here, there } = world;
  for (const test of ['alpha', 'beta'] as const) {
    await here.script(test, { print: ['it is lab-1'], waitFor: 'go' }, 1);
    await there.script(test, { print: ['it is lab-2'], waitFor: 'go' }, 1);
  }
  await world.bringUp();
  const session = await world.startSession('--repeats', '2');
  await vi.waitFor(
    async () => {
      const waiting = [here, there].flatMap((suite) => [suite.isWaiting('alpha'), suite.isWaiting('beta')]);
      expect((await Promise.all(waiting)).filter(Boolean)).toHaveLength(2);
    },
    { timeout: 60_000, interval: 100 },
  );
  for (const suite of [here, there]) await suite.release('go');
  await up.untilPhase(session, 'awaiting_decision');

  const runDir = world.runDir(here, session);
  const audit = await world.calib('strict-audit', '--run-dir', runDir);
  expect(audit.exitCode, audit.stdout).toBe(0);
  const ran = await Promise.all(
    ['alpha_accuracy', 'beta_wer'].flatMap((stage) =>
      [1, 2].map(async (repeat) => ({
        namespace: `test_${stage.split('_')[0] ?? ''}_ci`,
        repeat,
        host: await hostOfRepeat(runDir, stage, repeat),
      })),
    ),
  );
  expect([...new Set(ran.map(({ host }) => host))].toSorted()).toEqual(['lab-1', 'lab-2']);
  const status = JSON.parse((await world.calib('query', session, 'status')).stdout) as {
    hosts: { host: string; state: string; run_dir: string }[];
  };
  expect(status.hosts.map(({ host, state, run_dir }) => [host, state, run_dir])).toEqual([
    ['lab-1', 'joined', runDir],
    ['lab-2', 'joined', world.runDir(there, session)],
  ]);
  expect(await readFile(join(runDir, 'report.md'), 'utf8')).toContain('- Host: lab-1, lab-2');

  const namespace = ran.find(({ host, repeat }) => host === 'lab-2' && repeat === 1)?.namespace ?? '';
  const log = await world.calib('logs', session, '--unit', namespace, '--repeat', '1');
  expect(log.stdout).toContain('it is lab-2');
  expect(log.stderr).toContain('lab-2');
  // Nothing but records has travelled.
  const file = join('_pytest', namespace, 'run1.attempt1.log');
  await expect(stat(join(runDir, file))).rejects.toThrow('ENOENT');
  expect((await stat(join(world.runDir(there, session), file))).isFile()).toBe(true);
});

it('refuses a machine on another commit with the difference spelled out, and continues without it', async () => {
  const { up, here, there } = world;
  await there.git('commit', '--quiet', '--allow-empty', '--message', 'moved on');
  await here.script('alpha', { waitFor: 'go' }, 1);
  await world.bringUp();
  const session = await world.startSession('--repeats', '1');
  const { pool } = await up.until(session, (state) => state.pool?.hosts['lab-2']?.state === 'refused');
  expect(pool?.hosts['lab-2']).toMatchObject({
    reason: expect.stringMatching(
      new RegExp(`^commit: .* is on [0-9a-f]{40}, the session observes ${here.commit}`),
    ) as string,
  });
  await here.release('go');
  await up.untilPhase(session, 'awaiting_decision');
  expect(await there.launches('alpha')).toBe(0);
  const log = await readFile(join(world.runDir(here, session), 'run.log'), 'utf8');
  expect(log).toContain('host lab-2 is refused for this session: commit: ');
});
