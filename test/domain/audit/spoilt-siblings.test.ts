import { describe, expect, test } from 'vitest';

import { type AuditCell, withSpoiltSiblings } from '../../../src/domain/audit/matrix.ts';

const good: AuditCell = { symbol: '✓', reason: '' };
const partial: AuditCell = { symbol: '△', reason: 'partial samples (9/10)' };
const broken: AuditCell = { symbol: '✗', reason: 'metrics missing: wer' };
const unrun: AuditCell = { symbol: '—', reason: 'missing file' };

describe('the stages of one pytest repeat', () => {
  test.each([
    ['all complete', { a: good, b: good }, '✓✓'],
    ['one partial', { a: good, b: partial }, '✗△'],
    ['one unusable', { a: broken, b: good }, '✗✗'],
    ['one not recorded', { a: good, b: unrun }, '✗—'],
    ['none run', { a: unrun, b: unrun }, '——'],
  ])('count together or not at all: %s', (_case, cells, symbols) => {
    const spoilt = withSpoiltSiblings(cells);
    expect(
      Object.values(spoilt)
        .map(({ symbol }) => symbol)
        .join(''),
    ).toBe(symbols);
  });

  test('say which of them spoilt the others', () => {
    expect(withSpoiltSiblings({ a: good, b: unrun, c: partial })['a']).toEqual({
      symbol: '✗',
      reason: 'the repeat is invalid: c: partial samples (9/10)',
    });
  });
});
