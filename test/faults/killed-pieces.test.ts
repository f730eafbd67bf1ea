import { describe, expect, it } from 'vitest';

import { useFaultWorld } from './fault-sessions.ts';
import { waitUntil } from './fault-world.ts';
import { type LaunchPart, killPart } from './launches-on-disk.ts';

const { world, start } = useFaultWorld({ lanes: 3 });

describe.concurrent('a part of a launch is killed', () => {
  it.each<[string, LaunchPart[]]>([
    ['pytest', ['child']],
    ['its supervisor', ['supervisor']],
    ['both', ['supervisor', 'child']],
  ])('%s, by SIGKILL: one launch more, and no more than that', async (_name, parts) => {
    const session = await start({
      repeats: 2,
      stages: 'beta_wer',
      prepare: (suite) => suite.script('beta', { waitFor: 'go' }, 1),
    });
    const launch = await session.untilWaiting('beta');
    expect(parts.map((part) => killPart(launch, part))).not.toContain(false);
    const state = await session.expectWhole({ beta: 3 });
    expect(state).toMatchObject({ launches: 3, discarded: 0, pass: 1, symbols: { beta_wer: '✓✓' } });
  });

  it('pytest by SIGSEGV of its own after its results: not data, one launch more', async () => {
    const session = await start({
      repeats: 1,
      stages: 'beta_wer',
      prepare: (suite) => suite.script('beta', { end: { when: 'before-results', signal: 'SIGSEGV' } }, 1),
    });
    expect(await session.expectWhole({ beta: 2 })).toMatchObject({ symbols: { beta_wer: '✓' } });
  });
});

describe.concurrent('a command is killed', () => {
  it('start, while it follows: the session goes on, and another follower takes its place', async () => {
    const session = await start({
      repeats: 1,
      stages: 'beta_wer',
      prepare: (suite) => suite.script('beta', { waitFor: 'go' }, 1),
    });
    const followers = Array.from({ length: 3 }, () => world().begin('watch', session.id));
    await session.untilWaiting('beta');
    for (const follower of followers) follower.kill('SIGKILL');
    const last = world().begin('watch', session.id);
    await session.suite.release('go');
    expect((await last).exitCode).toBe(0);
    await session.expectWhole({ beta: 1 });
  });
});

describe.concurrent('signals come twice and out of order', () => {
  it('each id counts once, and what came too early changes nothing', async () => {
    const session = await start({
      repeats: 2,
      stages: 'beta_wer',
      prepare: (suite) => suite.script('beta', { waitFor: 'go' }, 1),
    });
    const handle = world().client.workflow.getHandle(session.id);
    await session.untilWaiting('beta');
    await handle.signal('resume', { id: 'too-early' });
    for (const id of ['first', 'first']) await handle.signal('pause', { id });
    await session.suite.release('go');
    await world().until(session.id, ({ phase }) => phase.kind === 'paused');
    for (const id of ['go-on', 'go-on']) await handle.signal('resume', { id });
    // Late deliveries of what was answered long ago.
    await handle.signal('pause', { id: 'first' });
    await handle.signal('resume', { id: 'too-early' });
    await session.expectWhole({ beta: 2 });
    const purge = { id: 'once', stage: 'beta_wer', repeat: 1, reason: 'noisy neighbour' };
    for (const payload of [purge, purge]) await handle.signal('purge', payload);
    await world().until(session.id, ({ discarded }) => discarded === 1);
    await handle.signal('purge', purge);
    await handle.signal('apply', { id: 'too-early', mode: 'full' });
    expect(await session.expectWhole({ beta: 3 })).toMatchObject({ discarded: 1, decision: null });
  });
});

describe.concurrent('a session is terminated from outside', () => {
  it('while pytest runs: nothing of it is left within the heartbeat timeout', async () => {
    const session = await start({
      repeats: 2,
      prepare: (suite) => suite.script('alpha', { waitFor: 'never', orphan: true }),
    });
    await session.untilWaiting('alpha');
    await world().client.workflow.getHandle(session.id).terminate('by somebody else');
    const isEmpty = async () => (await session.suite.processes()).length === 0;
    await waitUntil(isEmpty, 'no process of the terminated session', { limitMs: 30_000 });
    expect(await session.suite.launches('alpha')).toBe(1);
  });
});
