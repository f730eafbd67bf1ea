import { describe, expect, test } from 'vitest';

import { publishRefusal } from '../../../src/domain/publish/publish.ts';
import { makeApplied } from './applied-fixture.ts';

const file = 'tests/ci/test_nova_ci.py';
const ready = { applied: makeApplied(), report: '# Report', hashes: { [file]: 'b'.repeat(64) } };

describe('a publish', () => {
  test('is allowed while the files are as the apply left them', () => {
    expect(publishRefusal(ready)).toBeNull();
  });

  test('is refused before the apply', () => {
    expect(publishRefusal({ ...ready, applied: null })?.reason).toBe(
      'no thresholds of this session were applied',
    );
  });

  test('is refused after the undo', () => {
    const applied = makeApplied({ undone: { at: '2026-04-23T08:00:00Z', check: null } });
    expect(publishRefusal({ ...ready, applied })?.reason).toBe(
      'the apply was undone at 2026-04-23T08:00:00Z',
    );
  });

  test('is refused when a file was edited further or is gone', () => {
    expect(publishRefusal({ ...ready, hashes: { [file]: 'c'.repeat(64) } })?.reason).toBe(
      `these files are no longer as the apply left them:\n  ${file}`,
    );
    expect(publishRefusal({ ...ready, hashes: {} })?.reason).toContain(`${file} (cannot be read)`);
  });

  test('is refused without a finished report', () => {
    expect(publishRefusal({ ...ready, report: null })?.reason).toBe('the session has no report.md');
    expect(publishRefusal({ ...ready, report: '{{CONTEXT:nova}}' })?.reason).toContain('not resolved');
  });
});
