import { describe, expect, test } from 'vitest';

import { sessionBounds } from '../../../src/domain/session/session-bounds.ts';
import { sessionPlanSchema } from '../../../src/domain/session/session-plan.ts';
import { sampleSessionPlan } from './sample-session-plan.ts';

const plan = sampleSessionPlan();
const issuesOf = (change: object) =>
  sessionPlanSchema
    .safeParse({ ...plan, ...change })
    .error?.issues.map(({ path, message }) => [path.join('.'), message]) ?? [];

describe('what one session may hold', () => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, n) => ({ ...plan.stages[0], key: `s${n}` }));

  test.each([
    ['repeats', { repeats: 1_000_000_000 }, 'repeats', '1000000000 repeats are more than 1000: '],
    [
      'units',
      { units: Array.from({ length: 501 }, () => plan.units[0]) },
      'units',
      '501 units are more than 500',
    ],
    ['stages', { stages: many(2001), repeats: 1 }, 'stages', '2001 stages are more than 2000'],
    [
      'cells',
      { stages: many(101), repeats: 100 },
      'repeats',
      '10100 cells (stages × repeats) are more than 10000',
    ],
    ['lanes', { lanes: 257 }, 'lanes', '257 lanes are more than 256'],
    ['passes', { policies: { max_passes: 101 } }, 'policies.max_passes', '101 passes are more than 100'],
  ])('is bounded in its %s, with the reason', (_what, change, path, message) => {
    expect(issuesOf(change)).toContainEqual([path, expect.stringContaining(message)]);
  });

  test('reaches to the bounds themselves', () => {
    const stages = many(10);
    expect(issuesOf({ stages, repeats: sessionBounds.cells / 10 })).toEqual([]);
  });
});
