import { describe, expect, it } from 'vitest';

import {
  compilePythonPattern,
  constantFilter,
  isPythonPattern,
} from '../../../src/domain/catalog/python-pattern.ts';

describe('constantFilter (spec 02 §7)', () => {
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

  it('passes every name when there is no filter', () => {
    expect(constantFilter(undefined)('ANYTHING')).toBe(true);
  });
});

describe('compilePythonPattern', () => {
  it('translates named groups, \\Z and inline flags', () => {
    const pattern = compilePythonPattern('(?i)(?P<word>a+)-(?P=word)\\Z', 'search');
    expect([pattern.test('xAA-AA'), pattern.test('aa-aab')]).toEqual([true, false]);
  });

  it('leaves an escaped backslash before Z alone', () => {
    expect(compilePythonPattern('a\\\\Z', 'search').test('a\\Z')).toBe(true);
  });

  it('tells an invalid pattern', () => {
    expect(isPythonPattern('(')).toBe(false);
  });
});
