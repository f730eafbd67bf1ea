import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { estimateLine, estimateSession } from '../../../src/domain/session/estimate.ts';
import { sampleSessionPlan } from './sample-session-plan.ts';

const unit = (namespace: string, gpus: number) => ({
  namespace,
  test: `tests/${namespace}.py`,
  env: {},
  gpus,
  stages: [namespace],
  pytest_args: [],
});
const plan = sampleSessionPlan({ units: [unit('a', 2), unit('b', 1), unit('c', 0)], repeats: 3, lanes: 2 });

describe('the estimate of a session', () => {
  test('is nothing where no unit was seen before', () => {
    expect(estimateSession({ ...plan, known_durations: {} })).toBeNull();
  });

  test('counts GPUs by hours, and the rounds on the lanes', () => {
    const estimate = estimateSession({ ...plan, known_durations: { a: 3600, b: 1800, c: 1800 } });
    expect(estimate).toEqual({ gpu_hours: 7.5, wall_s: 3 * 3600, unseen: [] });
    expect(estimateLine({ gpu_hours: 7.5, wall_s: 10_800, unseen: [] }, 2)).toBe(
      'estimate: 7.5 GPU hours, 3 h 00 min on 2 lanes (from earlier sessions, without waiting and retries)',
    );
  });

  test('names the units that come on top, and no GPU hours where none is needed', () => {
    const estimate = estimateSession({ ...plan, known_durations: { c: 40 } });
    expect(estimate).toMatchObject({ gpu_hours: 0, unseen: ['a', 'b'] });
    expect(estimateLine({ gpu_hours: 0, wall_s: 60, unseen: ['a', 'b'] }, 1)).toBe(
      'estimate: 60 s (from earlier sessions, without waiting and retries; not seen before, so on top: a, b)',
    );
  });

  test('lies between a perfect division over the lanes and one lane alone', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 9999 }), { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 1, max: 4 }),
        (seconds, lanes) => {
          const known = Object.fromEntries(
            seconds.map((each, index) => [plan.units[index]?.namespace, each]),
          );
          const total = 3 * seconds.reduce((sum, each) => sum + each, 0);
          const wall = estimateSession({ ...plan, lanes, known_durations: known })?.wall_s ?? 0;
          expect(wall).toBeLessThanOrEqual(total);
          expect(wall).toBeGreaterThanOrEqual(Math.floor(total / lanes));
        },
      ),
    );
  });
});
