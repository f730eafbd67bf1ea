import { expect, test } from 'vitest';

import { parseModelConfig } from '../../../src/domain/catalog/model-config.ts';
import { unmatchedConstants } from '../../../src/domain/discovery/candidates/unmatched-constants.ts';
import type { Assignment } from '../../../src/domain/discovery/source-facts.ts';
import { metricNames } from '../../../src/domain/metrics/metric-names.ts';
import type { PlacedLiteral } from '../../../src/domain/places/list-literals.ts';

const yaml = 'name: m\ntest_globs: ["tests/*.py"]\n';
const names = metricNames(parseModelConfig({ file: 'config.yaml', directoryName: 'm', yaml }).value);

test('looks at each literal of a file a fixed number of times, however many constants the file has', () => {
  const count = 2000;
  let looks = 0;
  const span = { line: 1, column: 1, startByte: 0, endByte: 1 };
  const number = { text: '1', value: 1, isInteger: true, ...span };
  const assignments = Array.from({ length: count }, (_, at): Assignment => {
    const value = { kind: 'number' as const, ...number };
    return { name: `VALUE_${at}`, form: 'plain', target: { line: 1, column: 1 }, value, valueSpan: span };
  });
  const literals = Array.from({ length: count }, (_, at): PlacedLiteral => {
    const root = `VALUE_${at}`;
    const literal = { ...number, place: root, label: null, root, variable: null, obstacle: null };
    return Object.defineProperty(literal, 'root', {
      get: () => {
        looks += 1;
        return root;
      },
    });
  });
  const found = unmatchedConstants({ file: 'a.py', assignments, literals, names, isKnown: () => false });
  expect(found).toHaveLength(count);
  expect(looks).toBeLessThanOrEqual(4 * count);
});
