import { expect, test } from 'vitest';

import { readiness, reportRefusal } from '../../../src/domain/audit/strict-audit.ts';
import { makeSnapshot, makeStage, OTHER_COMMIT, recorded } from './snapshot-fixture.ts';

test('a ready session is not refused', () => {
  expect(reportRefusal(readiness(makeSnapshot()))).toBeNull();
});

test('provenance refuses first, with its findings', () => {
  const cells = {
    nova_accuracy: [recorded({ git_sha: OTHER_COMMIT }), { kind: 'missing' } as const, recorded()],
  };
  expect(reportRefusal(readiness(makeSnapshot({ cells })))).toBe(
    [
      'refusing report — git provenance failed: 1 run(s) recorded on a different commit',
      '  nova_accuracy/run1: artifact 99887766 != calibration ab12cd34',
    ].join('\n'),
  );
});

test('an unready stage refuses next, one line each, without the word strict', () => {
  const stages = [makeStage(), makeStage({ key: 'nova_wer', expected_samples: 5 })];
  const cells = {
    nova_wer: [recorded(), { kind: 'missing' } as const, recorded({ sample_counts: { total: 5, ok: 4 } })],
  };
  expect(reportRefusal(readiness(makeSnapshot({ stages, cells })))).toBe(
    [
      'refusing report — strict audit incomplete (1/2 stages strict-ready)',
      '  nova_wer: ✓—△ (1/3, expected=5)',
    ].join('\n'),
  );
});

test('incompleteness refuses last and lists at most fifteen runs', () => {
  const state = readiness(makeSnapshot());
  const missing = Array.from({ length: 17 }, (_, index) => ({
    stage_key: 's',
    run: index + 1,
    reason: 'recorded without a commit',
  }));
  const completeness = { ...state.completeness, complete: false, ok: 3, total: 20, missing };
  const lines = reportRefusal({ ...state, completeness })?.split('\n') ?? [];
  expect(lines[0]).toBe('refusing report — incomplete calibration (3/20)');
  expect(lines[1]).toBe('  s/run1: recorded without a commit');
  expect(lines).toHaveLength(17);
  expect(lines.at(-1)).toBe('  … and 2 more');
});
