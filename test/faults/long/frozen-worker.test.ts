import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';

import { FaultWorld } from '../fault-world.ts';
import { FaultedSession } from '../faulted-session.ts';

/** Longer than the heartbeat timeout. */
const FROZEN_MS = 40_000;

let world: FaultWorld;
let session: FaultedSession;
const removed: FaultedSession[] = [];

beforeEach(async () => {
  world = await FaultWorld.start();
  session = await FaultedSession.start(world, {
    repeats: 2,
    stages: 'beta_wer',
    prepare: (suite) => suite.script('beta', { waitFor: 'go' }, 1),
  });
  removed.push(session);
  await session.untilWaiting('beta');
});

afterEach(async () => {
  await world.close();
});

afterAll(async () => {
  for (const each of removed) await each.remove();
});

describe('the worker is frozen for longer than the heartbeat timeout', () => {
  it('its pytest goes on: the next attempt takes it over', async () => {
    world.signalWorker('SIGSTOP');
    await sleep(FROZEN_MS);
    world.signalWorker('SIGCONT');
    await session.suite.release('go');
    expect(await session.expectWhole({ beta: 2 })).toMatchObject({ pass: 1, discarded: 0 });
  });

  it('its pytest ends meanwhile: it is recorded once', async () => {
    world.signalWorker('SIGSTOP');
    await session.suite.release('go');
    await sleep(FROZEN_MS);
    world.signalWorker('SIGCONT');
    expect(await session.expectWhole({ beta: 2 })).toMatchObject({ pass: 1, discarded: 0 });
  });

  it('another worker comes up beside it: the two never work on one repeat', async () => {
    const first = world.keepWorker();
    first.signal('SIGSTOP');
    // The next lines of the log are given to the frozen one, which still asks for work.
    const handle = world.client.workflow.getHandle(session.id);
    await handle.signal('pause', { id: 'pause' });
    await sleep(FROZEN_MS);
    await world.startWorker();
    await handle.signal('resume', { id: 'resume' });
    await session.suite.release('go');
    await sleep(10_000);
    first.signal('SIGCONT');
    expect(await session.expectWhole({ beta: 2 })).toMatchObject({ pass: 1, discarded: 0 });
    await first.kill();
  });
});

describe('the worker is stopped by SIGTERM', () => {
  it('it drains and exits 0, pytest goes on, the next worker takes it over', async () => {
    expect(await world.drainWorker()).toBe(0);
    expect(await session.suite.processes()).not.toEqual([]);
    await world.startWorker();
    await session.suite.release('go');
    expect(await session.expectWhole({ beta: 2 })).toMatchObject({ pass: 1, discarded: 0 });
  });

  it('five restarts in one repeat cost nothing of its budget', async () => {
    for (let count = 0; count < 5; count += 1) {
      await world.drainWorker();
      await world.startWorker();
      await session.livingLaunch();
    }
    await session.suite.release('go');
    expect(await session.expectWhole({ beta: 2 })).toMatchObject({ pass: 1, launches: 2 });
  });
});

describe('a session is terminated while no worker is there', () => {
  it('the worker that comes back ends what is left of it, and nothing else', async () => {
    const other = await FaultedSession.start(world, {
      repeats: 1,
      stages: 'beta_wer',
      prepare: (suite) => suite.script('beta', { waitFor: 'go' }, 1),
    });
    removed.push(other);
    await world.killWorker();
    expect(await session.suite.processes()).not.toEqual([]);
    await world.client.workflow.getHandle(session.id).terminate('by somebody else');
    await world.startWorker();
    await session.expectNothingLeft();
    await other.untilWaiting('beta');
    await other.suite.release('go');
    await other.expectWhole({ beta: 1 });
  });
});
