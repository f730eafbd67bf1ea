import { ActivityCancellationDetails } from '@temporalio/common';
import { CancelledFailure } from '@temporalio/activity';
import { describe, expect, it } from 'vitest';

import type { ActivityDependencies } from '../../../src/activities/repeat/repeat.ts';
import { until } from '../../fixtures/until.ts';
import { runs } from '../../host/process/scratch-launch.ts';
import { measured, outcomeOf, repeatWorld } from '../../activities/repeat-world.ts';

type Details = ConstructorParameters<typeof ActivityCancellationDetails>[0];

/** A repeat whose pytest runs, cancelled in one of Temporal's ways; `finish` lets pytest pass. */
async function cancelledRun(details: Details, deps: Partial<ActivityDependencies> = {}) {
  const world = await repeatWorld({ gpus: 1, deps });
  world.gpus(0);
  world.steps(`echo $$ >> "$WORLD/pids"; echo x >> "$WORLD/runs"; await "$WORLD/go"; ${measured()}exit 0`);
  const attempt = world.start();
  await until(() => world.read('pids') !== '' && attempt.beats.some(({ state }) => state === 'running'));
  attempt.cancel('CANCELLED', new ActivityCancellationDetails(details));
  const tried = await attempt.result;
  return { world, tried, pids: world.pids('pids') };
}

const cancelled = { kind: 'threw', failure: expect.any(CancelledFailure) as CancelledFailure };

describe('a cancelled attempt (style of child processes)', () => {
  it.each<[string, Details, Partial<ActivityDependencies>]>([
    ['an abort', { cancelRequested: true }, {}],
    ['a workflow that was closed', { notFound: true }, { isSessionOpen: () => Promise.resolve(false) }],
  ])('ends pytest and gives the lane back after %s', async (_case, details, deps) => {
    const { world, tried, pids } = await cancelledRun(details, deps);
    expect([tried, pids.map(runs)]).toMatchObject([cancelled, [false]]);
    expect(await world.attempts()).toMatchObject(
      [{ n: 1, outcome: 'aborted', reason: /session/ }].map(() => ({
        n: 1,
        outcome: 'aborted',
        reason: expect.stringMatching(/^session (aborted|closed)$/) as string,
      })),
    );
  });

  it.each<[string, Details, Partial<ActivityDependencies>]>([
    ['a worker that shuts down', { workerShutdown: true }, {}],
    ['a pause', { paused: true }, {}],
    ['a reset', { reset: true }, {}],
    ['a time-out', { timedOut: true }, {}],
    ['a replaced attempt', { notFound: true }, {}],
    [
      'a server that cannot be asked',
      { notFound: true },
      { isSessionOpen: () => Promise.reject(new Error('down')) },
    ],
  ])('leaves pytest to the next attempt after %s', async (_case, details, deps) => {
    const { world, tried, pids } = await cancelledRun(details, deps);
    expect([tried, pids.map(runs), await world.attempts()]).toMatchObject([cancelled, [true], []]);
    const next = world.start();
    await until(() => next.beats.some(({ state }) => state === 'running'));
    world.put('go', '');
    expect(outcomeOf(await next.result)).toMatchObject({ kind: 'complete', launches: 1 });
    expect([world.read('runs'), await world.attempts()]).toMatchObject([
      'x\n',
      [{ n: 1, gpus: [0], lane: 'host-a/gpu0', notes: ['adopted while running'] }],
    ]);
  });

  it('costs nothing of the budget after an abort', async () => {
    const { world } = await cancelledRun({ cancelRequested: true });
    world.put('go', '');
    expect(outcomeOf(await world.run())).toMatchObject({ kind: 'complete', launches: 1 });
    expect((await world.attempts()).map(({ n }) => n)).toEqual([1, 2]);
  });

  it('ends the waiting at a closed gate, and holds nothing', async () => {
    const world = await repeatWorld({ gpus: 1 });
    world.gpus(70_000);
    world.steps(`${measured()}exit 0`);
    const attempt = world.start();
    await until(() => attempt.beats.some(({ state }) => state === 'waiting'));
    attempt.cancel('CANCELLED', new ActivityCancellationDetails({ cancelRequested: true }));
    expect((await attempt.result).kind).toBe('threw');
    world.gpus(0);
    expect(outcomeOf(await world.run())).toMatchObject({ kind: 'complete', launches: 1 });
  });
});
