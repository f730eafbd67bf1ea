import { describe, expect, test } from 'vitest';

import { readAssignments } from '../../src/python/constants.ts';
import { parseModule } from '../../src/python/parse-module.ts';

function assignments(source: string) {
  const parsed = parseModule(source);
  if (parsed.kind === 'syntax-error') {
    throw new Error(parsed.message);
  }
  return readAssignments(parsed.module);
}

function forms(source: string) {
  return assignments(source).map(({ name, form, value }) => `${name} ${form} ${value.kind}`);
}

describe('readAssignments', () => {
  test('reads plain and annotated assignments in source order', () => {
    expect(forms('B = 1\nA: float = 0.5\nC: int\n')).toEqual(['B plain number', 'A annotated number']);
  });

  test('looks through any number of parentheses', () => {
    const depth = 20_000;
    expect(forms(`A = ${'('.repeat(depth)}1${')'.repeat(depth)}\n`)).toEqual(['A plain number']);
  });

  test('counts every target of a chained assignment', () => {
    expect(forms('A = B = 3\n')).toEqual(['A plain number', 'B plain number']);
  });

  test('takes a name in parentheses for a plain target', () => {
    expect(forms('(A) = (\n  3\n)\n')).toEqual(['A plain number']);
  });

  test('looks only at names of at most one leading underscore and capitals', () => {
    expect(forms('_A1 = 1\n__B = 2\nc = 3\nDd = 4\n_ = 5\nÉ = 6\n')).toEqual(['_A1 plain number']);
  });

  test('does not look into functions and classes', () => {
    expect(forms('def f():\n    A = 1\nclass Limits:\n    B = 2\n@d\nclass More:\n    E = 2\n')).toEqual([]);
  });

  test.each([
    ['if', 'if x:\n    A = 1\n'],
    ['elif', 'if x:\n    pass\nelif y:\n    A = 1\n'],
    ['else on one line', 'if x: pass\nelse: A = 1\n'],
    ['try', 'try:\n    A = 1\nexcept E:\n    pass\n'],
    ['except', 'try:\n    pass\nexcept E:\n    A = 1\n'],
    ['finally', 'try:\n    pass\nfinally:\n    A = 1\n'],
    ['for', 'for i in x:\n    A = 1\n'],
    ['while', 'while x:\n    A = 1\n'],
    ['with', 'with x as y:\n    A = 1\n'],
    ['match', 'match x:\n    case 1:\n        A = 1\n'],
    ['a nested if', 'if x:\n    if y:\n        A = 1\n'],
  ])('marks an assignment inside %s as conditional', (_what, source) => {
    expect(forms(source)).toEqual(['A conditional number']);
  });

  test('keeps tuple targets, so that they can be reported', () => {
    expect(forms('A, b = 1, 2\n[C] = [1]\n(D, *E) = 1, 2\n')).toEqual([
      'A tuple collection',
      'C tuple collection',
      'D tuple collection',
      'E tuple collection',
    ]);
  });

  test('keeps augmented and item assignments, walruses and imports', () => {
    expect(forms('from m import A, B as C, d\nA += 1\nE["x"] = 2\nif (F := 3):\n    pass\n')).toEqual([
      'A imported computed',
      'C imported computed',
      'A augmented number',
      'E item number',
      'F walrus number',
    ]);
  });

  test.each([
    ['True', 'boolean'],
    ['None', 'none'],
    ['"0.5"', 'string'],
    ['"a" "b"', 'string'],
    ['[1]', 'collection'],
    ['1, 2', 'collection'],
    ['f(0.5)', 'computed'],
    ['B * 2', 'computed'],
    ['B', 'computed'],
    ['1 if x else 2', 'choice'],
    ['Gate(min=1)', 'record'],
    ['Decimal("1")', 'computed'],
    ['dict(a=1)', 'dictionary'],
    ['float(os.environ.get("N", "0.5"))', 'number'],
    ['--3', 'computed'],
    ['~3', 'computed'],
    ['3j', 'computed'],
    ['{1: {"a": 2}}', 'dictionary'],
    ['{k: v for k, v in x}', 'computed'],
  ])('tells that %s is %s', (text, kind) => {
    expect(assignments(`A = ${text}\n`)[0]?.value.kind).toBe(kind);
  });

  test('reads outer keys, inner string keys and the places of the numbers', () => {
    const [dictionary] = assignments(
      "_P = {\n    8: {'a': -.5, b: 1, 'c': {'d': 1}},\n    N: {'a': 2, **x},\n}\n",
    );
    expect(dictionary?.value).toMatchObject({
      hasSplat: false,
      rows: [
        {
          line: 2,
          key: { kind: 'integer', value: 8 },
          value: {
            rows: [
              { key: { value: 'a' }, value: { line: 2, column: 14, text: '-.5', value: -0.5 } },
              { key: { kind: 'name', name: 'b' } },
              { key: { value: 'c' }, value: { kind: 'dictionary' } },
            ],
          },
        },
        { line: 3, key: { kind: 'name', name: 'N' }, value: { hasSplat: true } },
      ],
    });
  });

  test('places line, column and bytes right behind a byte-order mark, CRLF and wide characters', () => {
    const source = '\uFEFF# é\r\nÀ = "😀"; A_MIN: float = -1_0.5e-3 # 😀\r\nB = 3\r\n';
    const bytes = Buffer.from(source);
    const places = assignments(source).map(({ target, valueSpan }) => ({
      target,
      text: bytes.subarray(valueSpan.startByte, valueSpan.endByte).toString(),
      column: valueSpan.column,
    }));
    expect(places).toEqual([
      { target: { line: 2, column: 10 }, text: '-1_0.5e-3', column: 25 },
      { target: { line: 3, column: 1 }, text: '3', column: 5 },
    ]);
  });
});
