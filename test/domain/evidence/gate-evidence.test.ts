import { describe, expect, it } from 'vitest';

import { isUnsettled, overallVerdict } from '../../../src/domain/evidence/gate-evidence.ts';

describe('the verdict of several repeats', () => {
  it('is contradicted as soon as one repeat contradicts the rule', () => {
    expect(overallVerdict(['confirmed', 'contradicted', 'consistent'])).toBe('contradicted');
  });

  it('keeps what one repeat confirmed, although others say less or nothing', () => {
    expect(overallVerdict(['not_tested', 'consistent', 'confirmed', 'not_reached'])).toBe('confirmed');
    expect(overallVerdict([])).toBe('not_tested');
  });

  it('leaves only contradictions and suspected units to a person', () => {
    expect(isUnsettled('contradicted')).toBe(true);
    expect(isUnsettled('unit_suspected')).toBe(true);
    expect(isUnsettled('not_tested')).toBe(false);
  });
});
