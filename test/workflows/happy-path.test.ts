import { describe, expect, test } from 'vitest';

import { sampleSessionPlan } from '../domain/session/sample-session-plan.ts';
import { withOwnQueues, withSession } from '../server/running-session.ts';
import { StandInActivities } from '../server/stand-in-activities.ts';
import { idFromTitle, useServer } from '../server/test-place.ts';

const place = useServer();

describe('a session in which nothing goes wrong', () => {
  test('runs all units’ repeat 1 before any repeat 2 (spec 03 §6)', async () => {
    const plan = withOwnQueues(sampleSessionPlan({ id: idFromTitle() }));
    const activities = new StandInActivities(plan);
    await withSession({ place: place(), plan, activities }, (session) => session.finish());
    expect(activities.launches).toEqual([
      'test_alpha_ci#1',
      'test_beta_ci#1',
      'test_alpha_ci#2',
      'test_beta_ci#2',
    ]);
  });
});
