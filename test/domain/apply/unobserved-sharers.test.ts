import { expect, test } from 'vitest';

import { literalsSharedOutsideSession } from '../../../src/domain/apply/shared-literals.ts';
import type { StageDefinition } from '../../../src/domain/stages/stage.ts';
import { makeMetric, makeStage } from '../audit/snapshot-fixture.ts';

const observed = makeStage({ key: 'a', metrics: { accuracy: makeMetric({ source: 'X_MIN_ACCURACY' }) } });
const writes = [{ stageKey: 'a', metricKey: 'accuracy', source: 'X_MIN_ACCURACY' }];

function warnings(...others: StageDefinition[]): string[] {
  return literalsSharedOutsideSession({ writes, planned: ['a'], known: [observed, ...others] });
}

test('a literal that is a threshold of another stage, not observed, is told', () => {
  expect(warnings({ ...observed, key: 'b' })).toEqual([
    'a.accuracy: X_MIN_ACCURACY is a threshold of stage b too, which this session did not observe',
  ]);
});

test.each([
  [
    'of another literal',
    { ...observed, key: 'b', metrics: { accuracy: makeMetric({ source: 'Y_MIN_ACCURACY' }) } },
  ],
  ['of the same name in another file', { ...observed, key: 'b', threshold_file: 'tests/ci/limits.py' }],
  ['that is observed too', observed],
])('a stage %s is not', (_what, other) => {
  expect(warnings(other)).toEqual([]);
});
