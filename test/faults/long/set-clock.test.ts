import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { observationSchema } from '../../../src/domain/observation/observation.ts';
import { runPaths } from '../../../src/host/run-directory/paths.ts';
import type { ScriptedBehaviour } from '../../fixtures/scripted-suite/make-scripted-suite.ts';
import { FaultWorld, waitUntil } from '../fault-world.ts';
import { FaultedSession } from '../faulted-session.ts';

const jump = new URL('../../fixtures/clock-jump/jump.mjs', import.meta.url).href;
const hour = 3600;

let world: FaultWorld;
const sessions: FaultedSession[] = [];
/** Holds the milliseconds by which the worker's and its supervisors' time of day is off. */
let clock: string;

beforeAll(async () => {
  world = await FaultWorld.start();
  clock = join(world.dir, 'clock');
  const node = join(world.dir, 'node');
  await writeFile(
    node,
    `#!/bin/sh\nCLOCK_JUMP='${clock}' exec '${process.execPath}' --import='${jump}' "$@"\n`,
  );
  await chmod(node, 0o755);
  await world.killWorker();
  await world.startWorker({
    NODE_OPTIONS: `--import=${jump}`,
    CLOCK_JUMP: clock,
    CLOCK_JUMP_NODE: node,
  });
});

afterEach(async () => {
  await writeFile(clock, '0');
  await writeFile(`${clock}.used`, '');
});

afterAll(async () => {
  await world.close();
  for (const session of sessions) await session.remove();
});

/** A session whose only pytest runs, and goes on when `go` is released. */
async function running(behaviour: ScriptedBehaviour): Promise<FaultedSession> {
  const session = await FaultedSession.start(world, {
    repeats: 1,
    stages: 'beta_wer',
    prepare: (suite) => suite.script('beta', { waitFor: 'go', ...behaviour }, 1),
  });
  sessions.push(session);
  await session.untilWaiting('beta');
  return session;
}

/** Sets the time of day, and waits until the supervisor has seen it. */
async function set(seconds: number): Promise<void> {
  await writeFile(clock, String(seconds * 1000));
  const isSeen = async () =>
    (await readFile(`${clock}.used`, 'utf8')).includes(`supervisor-main.js ${seconds * 1000}\n`);
  await waitUntil(isSeen, `the supervisor sees a clock of ${seconds} s`);
}

/** What the record of the attempt says about the clock. */
async function noted(session: FaultedSession) {
  const text = await readFile(runPaths.observation(session.runDir, 'beta_wer', 1), 'utf8');
  const [attempt] = observationSchema.parse(JSON.parse(text)).attempt_history ?? [];
  return {
    notes: (attempt?.notes ?? []).filter((note) => note.includes('clock')),
    behind: attempt?.clock_behind_s,
  };
}

describe('the time of day is set while pytest runs', () => {
  it('back, and its result file looks older than the launch: it counts all the same', async () => {
    const session = await running({ agedBy: hour });
    await set(-hour);
    await session.suite.release('go');
    expect(await session.expectWhole({ beta: 1 })).toMatchObject({ launches: 1, discarded: 0 });
    const { notes, behind } = await noted(session);
    expect(notes).toEqual([expect.stringMatching(/^the clock was set back by (3599|36\d\d)/)]);
    expect(behind).toBeGreaterThan(hour - 60);
  });

  it('back, and right again before it ends: what was written in between counts', async () => {
    const session = await running({ agedBy: hour, lingerFor: 'end' });
    await set(-hour);
    await session.suite.release('go');
    await set(0);
    await session.suite.release('end');
    await session.expectWhole({ beta: 1 });
    expect((await noted(session)).notes).toHaveLength(2);
  });

  it('forward: nothing but a note comes of it', async () => {
    const session = await running({ agedBy: -hour });
    await set(hour);
    await session.suite.release('go');
    await session.expectWhole({ beta: 1 });
    expect(await noted(session)).toEqual({
      notes: [expect.stringMatching(/^the clock was set forward by (3599|36\d\d)/)],
      behind: undefined,
    });
  });

  it('back, but not as far as its result file is old: that is another run’s', async () => {
    const session = await running({ agedBy: 24 * hour });
    await set(-hour);
    await session.suite.release('go');
    const { phase } = await world.until(session.id, ({ phase: { kind } }) => kind === 'halted');
    expect(JSON.stringify(phase)).toContain('even by a clock that was set back');
  });

  it('not at all: an old result file is another run’s', async () => {
    const session = await running({ agedBy: hour });
    await session.suite.release('go');
    await world.until(session.id, ({ phase: { kind } }) => kind === 'halted');
  });
});
