import { MockActivityEnvironment, defaultActivityInfo } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';

import type { ActivityDependencies } from '../../src/activities/repeat/repeat.ts';
import type { PooledOutcome, RepeatHeartbeat, RunRepeatInput } from '../../src/activities/activity-types.ts';
import { createActivities } from '../../src/activities/create-activities.ts';

export type Tried = { kind: 'returned'; outcome: PooledOutcome } | { kind: 'threw'; failure: unknown };

/** One attempt of the activity in a worker's place: its heartbeats, its end, and the ways to cancel it. */
export function startRepeat(start: { input: RunRepeatInput; deps: ActivityDependencies }) {
  const silent = { logger: new DefaultLogger('ERROR', () => {}) };
  const environment = new MockActivityEnvironment(defaultActivityInfo, silent);
  const activities = createActivities(start.deps);
  const beats: RepeatHeartbeat[] = [];
  environment.on('heartbeat', (beat: RepeatHeartbeat) => beats.push(beat));
  const result = environment.run<[], Tried, () => Promise<Tried>>(async () => {
    try {
      return { kind: 'returned', outcome: await activities.runRepeat(start.input) };
    } catch (failure) {
      return { kind: 'threw', failure };
    }
  });
  return { result, beats, cancel: environment.cancel };
}
