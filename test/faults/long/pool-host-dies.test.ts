import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { PoolWorld } from '../../e2e/pool-world.ts';

/** Half a minute until the heartbeat is missed, as long until the retry and then a question is not taken. */
const LOST_LIMIT_MS = 240_000;

let world: PoolWorld;

beforeEach(async () => {
  world = await PoolWorld.start();
});

afterEach(async () => {
  await world.close();
});

it('a machine of a pool that dies in the middle of a repeat costs that repeat alone, and is taken back', async () => {
  const { up, here, there } = world;
  for (const test of ['alpha', 'beta'] as const) {
    await here.script(test, { waitFor: 'go' }, 1);
    await there.script(test, { waitFor: 'never' }, 1);
  }
  const worker = await world.bringUp();
  const session = await world.startSession('--repeats', '1');
  await vi.waitFor(
    async () => expect([await there.isWaiting('alpha'), await there.isWaiting('beta')]).toContain(true),
    { timeout: 60_000, interval: 100 },
  );
  await worker.kill();
  await here.release('go');
  await up.until(session, ({ pool }) => pool?.hosts['lab-2']?.state === 'lost', LOST_LIMIT_MS);
  await up.untilPhase(session, 'awaiting_decision');
  expect((await here.launches('alpha')) + (await here.launches('beta'))).toBe(2);
  expect((await there.launches('alpha')) + (await there.launches('beta'))).toBe(1);

  // Its pytest still waits for ever. When the machine comes back, that is cleared away and it works for the session
  // again.
  await here.script('alpha', { waitFor: 'again' }, 2);
  await here.script('beta', { waitFor: 'again' }, 2);
  await world.bringUp();
  for (const stage of ['alpha_accuracy', 'beta_wer']) {
    const why = ['--stage', stage, '--repeat', '1', '--reason', 'once more'];
    expect((await world.calib('signal', session, 'purge', ...why)).exitCode).toBe(0);
  }
  await up.until(session, ({ pool }) => pool?.hosts['lab-2']?.state === 'joined');
  await here.release('again');
  await up.untilPhase(session, 'awaiting_decision');
  // The worker alone: nothing of the repeat that was given up.
  await vi.waitFor(async () => expect(await there.processes()).toHaveLength(1), {
    timeout: 60_000,
    interval: 200,
  });
  const audit = await world.calib('strict-audit', '--run-dir', world.runDir(here, session));
  expect(audit.exitCode, audit.stdout).toBe(0);
  const log = await readFile(join(world.runDir(here, session), 'run.log'), 'utf8');
  expect(log).toMatch(/host lab-2 is lost: it did not take test_(alpha|beta)_ci repeat 1/);
});
