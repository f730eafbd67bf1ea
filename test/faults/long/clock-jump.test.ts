import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';

import { FaultWorld } from '../fault-world.ts';
import { FaultedSession } from '../faulted-session.ts';

const jump = pathToFileURL(
  fileURLToPath(new URL('../../fixtures/clock-jump/jump.mjs', import.meta.url)),
).href;
/** More than every limit of a repeat: pytest's time, its silence, the wait for a lane. */
const SIX_HOURS_MS = 6 * 3600 * 1000;

let world: FaultWorld;
const sessions: FaultedSession[] = [];

beforeEach(async () => {
  world = await FaultWorld.start();
  await world.killWorker();
  await setClock(0);
  await startWorker();
});

afterEach(async () => {
  await world.close();
});

afterAll(async () => {
  for (const session of sessions) await session.remove();
});

async function setClock(offsetMs: number): Promise<void> {
  await writeFile(join(world.dir, 'clock'), String(offsetMs));
}

async function startWorker(): Promise<void> {
  await world.startWorker({ NODE_OPTIONS: `--import=${jump}`, CLOCK_JUMP: join(world.dir, 'clock') });
}

/** A session whose one pytest runs. */
async function startRunning(): Promise<FaultedSession> {
  const session = await FaultedSession.start(world, {
    repeats: 1,
    stages: 'beta_wer',
    prepare: (suite) => suite.script('beta', { waitFor: 'go' }, 1),
  });
  sessions.push(session);
  await session.untilWaiting('beta');
  return session;
}

describe.each([
  ['forward', SIX_HOURS_MS],
  ['back', -SIX_HOURS_MS],
])('the clock jumps six hours %s while pytest runs', (_direction, offsetMs) => {
  it('the run goes on, and counts', async () => {
    const session = await startRunning();
    await setClock(offsetMs);
    await sleep(3000);
    await session.suite.release('go');
    expect(await session.expectWhole({ beta: 1 })).toMatchObject({ launches: 1, pass: 1 });
  });

  it('so does one that a worker adopts after the jump', async () => {
    const session = await startRunning();
    expect(await world.drainWorker()).toBe(0);
    await setClock(offsetMs);
    await startWorker();
    await sleep(3000);
    await session.suite.release('go');
    expect(await session.expectWhole({ beta: 1 })).toMatchObject({ launches: 1, pass: 1 });
  });
});
