import { expect, test } from 'vitest';

import { readSourceFacts } from '../../src/python/read-source-facts.ts';

function otherNumbers(source: string): string[] {
  const read = readSourceFacts(source);
  if (read.kind !== 'facts') throw new Error('the module does not parse');
  return read.facts.otherNumbers.map(({ name, text, line, column }) => `${name} ${text} ${line}:${column}`);
}

test('values of lower-case names, of several targets at once and of fields are numbers of the module', () => {
  expect(
    otherNumbers(
      [
        'expected_accuracy = 0.7',
        'LAT_P50_MS, LAT_P99_MS = 120.0, 340.0',
        'MIN_ACCURACY = 0.7',
        '@dataclass(frozen=True)',
        'class Gate:',
        '    min_tok_s: float = 800.0',
        '    name: str = "x"',
        '',
      ].join('\n'),
    ),
  ).toEqual([
    'expected_accuracy 0.7 1:21',
    'LAT_P50_MS, LAT_P99_MS 120.0 2:26',
    'LAT_P50_MS, LAT_P99_MS 340.0 2:33',
    'Gate.min_tok_s 800.0 6:24',
  ]);
});

test('so is what an assertion compares with, unless it only counts things', () => {
  expect(
    otherNumbers(
      [
        'def test_a(results):',
        '    assert results["acc"] >= 0.72, "assert 9 > 1"',
        '    assert len(results) == 3',
        '    assert 10 < results["n"] <= 20',
        '    text = "assert x > 5"',
        '    # assert x > 6',
        '    assert results["loss"] == 0.25',
        '',
      ].join('\n'),
    ),
  ).toEqual(['assert 0.72 2:30', 'assert 10 4:12', 'assert 20 4:33', 'assert 0.25 7:31']);
});
