import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { parseModelConfig } from '../../../src/domain/catalog/model-config.ts';
import {
  compilePythonPattern,
  constantFilter,
  pythonPatternProblem,
} from '../../../src/domain/catalog/python-pattern.ts';

describe('constantFilter', () => {
  it('removes all leading underscores before it matches', () => {
    expect(constantFilter('^RED_')('__RED_X')).toBe(true);
  });

  it('is anchored at the start but not at the end', () => {
    const passes = constantFilter('RED_D');
    expect([passes('RED_D_MORE'), passes('A_RED_D')]).toEqual([true, false]);
  });

  it('anchors every branch of an alternation', () => {
    expect(constantFilter('A|B')('XB')).toBe(false);
  });

  it('understands look-ahead', () => {
    const passes = constantFilter('^(RED|BLUE)_D_(?!STREAM_)');
    expect([passes('RED_D_WER'), passes('_BLUE_D_STREAM_P95')]).toEqual([true, false]);
  });

  it('understands alternatives with an anchor each, as v0.6.0 configs write them', () => {
    const passes = constantFilter('^RED_(?!STREAM_).*|^BLUE_STREAM_.*$');
    expect(['RED_X', 'RED_STREAM_X', '_BLUE_STREAM_X', 'BLUE_X'].map(passes)).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });

  it('passes every name when there is no filter', () => {
    expect(constantFilter(undefined)('ANYTHING')).toBe(true);
  });

  it('does not match a name that is too long to be one', () => {
    expect(constantFilter('A')('A'.repeat(201))).toBe(false);
  });
});

describe("patterns mean what they mean in Python's dialect", () => {
  it.each([
    ['named groups, \\Z and inline flags', '(?i)(?P<word>a+)-(?P=word)\\Z', ['xAA-AA'], ['aa-aab']],
    ['an escaped backslash before Z', 'a\\\\Z', ['a\\Z'], ['a']],
    ['\\A and \\Z with (?m)', '(?m)\\Ab\\Z', ['b'], ['a\nb', 'b\na']],
    ['^ and $ with (?m)', '(?m)^b$', ['a\nb\nc'], ['ab']],
    ['{,n} as a quantifier', '^a{,2}$', ['', 'a', 'aa'], ['aaa', 'a{,2}']],
    ['braces that are none', '^a{x}{}$', ['a{x}{}'], ['a']],
    ['a ] first in a set', '^[]a]+$', ['a]a'], ['b', '']],
    ['a ] first in a negated set', '^[^]a]$', ['b'], ['a', ']']],
    ['a carriage return as any character', '^a.b$', ['a\rb'], ['a\nb']],
    ['(?s)', '(?s)^a.b$', ['a\nb'], ['ab']],
    ['comments', '^a(?#why)b$', ['ab'], ['a']],
    ['lazy quantifiers', '^a+?b??$', ['aab'], ['b']],
    ['look-behind', '(?<=A_)B(?<!C)', ['A_B'], ['B']],
    ['hexadecimal escapes and \\a', '^\\x41\\u0042\\a$', ['AB\u0007'], ['AB']],
  ])('%s', (_what, pattern, matching, others) => {
    const expression = compilePythonPattern(pattern, 'search');
    expect([matching, others].map((texts) => texts.map((text) => expression.test(text)))).toEqual([
      matching.map(() => true),
      others.map(() => false),
    ]);
  });

  it.each([
    ['(', 'unterminated group'],
    ['a)', 'unbalanced parenthesis'],
    ['[a', 'never closed'],
    ['*a', 'nothing to repeat'],
    ['a{3,1}', 'numbers out of order'],
    ['\\h', 'bad escape \\h'],
    ['[\\Z]', 'bad escape \\Z in a set'],
    ['\\p{L}', 'bad escape \\p'],
    ['a*+', 'possessive'],
    ['(?x)a', 'not supported'],
    ['(?i:a)', 'not supported'],
    ['(?>a)', 'not supported'],
    ['(?<x>a)', 'not supported'],
  ])('refuses %s, which would mean something else or nothing', (pattern, reason) => {
    expect(pythonPatternProblem(pattern)).toContain(reason);
  });

  it('names place, pattern and reason in a config', () => {
    const yaml =
      'name: m\nhf_datasets: []\nmetric_sources:\n  test_x.py:\n    variants:\n      v: {constant_filter: "(A+)+$"}\n';
    expect(() => parseModelConfig({ file: 'c.yaml', yaml, directoryName: 'm' })).toThrow(
      /^c\.yaml:6:28: metric_sources\.test_x\.py\.variants\.v\.constant_filter: found "\(A\+\)\+\$"; valid: .*for ever/,
    );
  });
});

describe('patterns are bounded in time', () => {
  it.each([
    '(A+)+$',
    '(A|A)*$',
    '(A|AB|B)*$',
    '(A?)*$',
    '((A)*)*$',
    '(A{1,9}){2,}$',
    '(?:A+B?){5}$',
    '(A?){30}A{30}',
  ])('refuses the nested repetition %s', (pattern) => {
    expect(pythonPatternProblem(pattern)).toContain('for ever');
  });

  it('refuses many repetitions in a row', () => {
    expect(pythonPatternProblem('.*.*.*.*.*.*X')).toContain('more than 5');
  });

  it.each([
    '(A|B)+',
    '(?:AB)*',
    '(?:RED|BLUE){2}',
    '(A)+(B)+',
    '(?!A|AB)X+',
    '(A+|B)?',
    '[A-Z_]+_(?:MIN|MAX)$',
  ])('accepts the harmless %s', (pattern) => {
    expect(pythonPatternProblem(pattern)).toBeNull();
  });

  it('never hangs on what it accepts', () => {
    const atom = fc.constantFrom('A', '.', '[AB]', 'A|B', 'A|A', '');
    const quantifier = fc.constantFrom('', '*', '+', '?', '{2,}', '{,3}', '{3}', '+?');
    const { pattern } = fc.letrec<{ pattern: string }>((tie) => ({
      pattern: fc.oneof(
        { maxDepth: 4 },
        fc
          .tuple(atom, quantifier)
          .map(([one, many]) => (one.length === 1 ? one + many : `(?:${one})${many}`)),
        fc.tuple(tie('pattern'), tie('pattern')).map((parts) => parts.join('')),
        fc.tuple(tie('pattern'), quantifier).map(([inner, many]) => `(${inner})${many}`),
      ),
    }));
    fc.assert(
      fc.property(pattern, (text) => {
        fc.pre(pythonPatternProblem(text) === null);
        expect(constantFilter(`(?:${text})!`)('A'.repeat(40))).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});
