import { readFile } from 'node:fs/promises';

import { describe, expect, it } from 'vitest';

import { runPaths } from '../../../src/host/run-directory/paths.ts';
import { useFaultWorld } from '../fault-sessions.ts';
import { waitUntil } from '../fault-world.ts';

const { world, start } = useFaultWorld({ lanes: 2 });

describe.concurrent('a log grows faster than anybody reads', () => {
  it('its launch is ended at the limit, and the repeat is launched once more', async () => {
    const session = await start({
      repeats: 1,
      stages: 'beta_wer',
      prepare: (suite) => suite.script('beta', { floods: true }, 1),
    });
    const state = await session.expectWhole({ beta: 2 });
    expect(state).toMatchObject({ launches: 2, symbols: { beta_wer: '✓' } });
  });

  it('an abort ends it all the same', async () => {
    const session = await start({
      repeats: 1,
      stages: 'beta_wer',
      prepare: (suite) => suite.script('beta', { floods: true }),
    });
    await session.untilWaiting('beta');
    const { exitCode } = await world().calib('signal', session.id, 'abort', '--yes');
    expect(exitCode).toBe(0);
    const isOver = async () => (await world().state(session.id)).phase.kind === 'aborted';
    await waitUntil(isOver, `${session.id} is aborted`, { limitMs: 60_000 });
    await session.expectNothingLeft();
  });
});

it('a base temp that a test swaps for a link is not followed: the session halts and says so', async () => {
  const session = await start({
    repeats: 1,
    stages: 'beta_wer',
    prepare: (suite) => suite.script('beta', { swapsBaseTemp: true }, 1),
  });
  const halted = async () => (await world().state(session.id)).phase.kind === 'halted';
  await waitUntil(halted, `${session.id} is halted`, { limitMs: 60_000 });
  const { phase } = await world().state(session.id);
  expect(phase.kind === 'halted' && phase.cause.text).toContain(
    'is a link: what lies behind it is not followed',
  );
  await world().calib('signal', session.id, 'abort', '--yes');
});

describe.concurrent('a result file is hostile', () => {
  it('with keys of megabytes, the session halts in a short line and is still to be commanded', async () => {
    const session = await start({
      repeats: 1,
      stages: 'beta_wer',
      prepare: (suite) =>
        suite.script('beta', {
          omit: ['wer_corpus'],
          values: { ['k'.repeat(6_000_000)]: 1 },
          addsValues: true,
        }),
    });
    const isHalted = async () => (await world().state(session.id)).phase.kind === 'halted';
    await waitUntil(isHalted, `${session.id} halts`);
    const state = await world().state(session.id);
    expect(JSON.stringify(state).length).toBeLessThan(50_000);
    const log = await readFile(runPaths.runLog(session.runDir), 'utf8');
    expect([log.includes('HALT: '), log.length < 100_000]).toEqual([true, true]);
    const { exitCode } = await world().calib('signal', session.id, 'abort', '--yes');
    expect(exitCode).toBe(0);
  });
});

describe.concurrent('a signal is too large', () => {
  it('three purges of a stage of 1.5 MB change nothing, and the session goes on to its decision', async () => {
    const session = await start({
      repeats: 1,
      stages: 'beta_wer',
      prepare: (suite) => suite.script('beta', { waitFor: 'go' }, 1),
    });
    await session.untilWaiting('beta');
    const handle = world().client.workflow.getHandle(session.id);
    for (const id of ['a', 'b', 'c']) {
      await handle.signal('purge', { id, stage: 's'.repeat(1_500_000), repeat: 1 });
    }
    await session.suite.release('go');
    const state = await session.expectWhole({ beta: 1 });
    expect(JSON.stringify(state).length).toBeLessThan(50_000);
  });
});
