import { describe, expect, test } from 'vitest';

import { readDatasetKeys, readDatasetTable } from '../../src/python/datasets.ts';

describe('readDatasetKeys', () => {
  test('collects string subscriptions of the plain name DATASETS, each once', () => {
    const source = 'def f():\n    return [DATASETS["a"], DATASETS[\'b\'], DATASETS["a"]]\n';
    expect(readDatasetKeys(source)).toEqual(['a', 'b']);
  });

  test('leaves out other objects and keys that are not string literals', () => {
    expect(
      readDatasetKeys('x.DATASETS["a"]\nOTHER["b"]\nDATASETS[k]\nDATASETS[f"{k}"]\nDATASETS["a":"b"]\n'),
    ).toEqual([]);
  });

  test('skips a file that does not parse', () => {
    expect(readDatasetKeys('DATASETS["a"\n')).toEqual([]);
  });
});

describe('readDatasetTable', () => {
  test.each(['DATASETS = ', 'DATASETS: dict[str, str] = '])('reads %s{…} at module level', (head) => {
    expect(readDatasetTable(`${head}{"a": "org/a", 'b': "org/b", c: "x", "d": f(1)}\n`)).toEqual({
      a: 'org/a',
      b: 'org/b',
    });
  });

  test('is empty without such an assignment', () => {
    expect(readDatasetTable('if x:\n    DATASETS = {"a": "b"}\n')).toEqual({});
  });
});
