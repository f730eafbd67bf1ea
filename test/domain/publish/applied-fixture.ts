import type { AppliedChange, AppliedDocument } from '../../../src/domain/apply/applied-document.ts';
import { makeApplied as makeAny, makeChange as makeAnyChange } from '../apply/applied-fixture.ts';
import { COMMIT } from '../audit/snapshot-fixture.ts';

/** Accuracy tightened from 0.50 to 0.56. */
export function makeChange(overrides: Partial<AppliedChange> = {}): AppliedChange {
  return makeAnyChange({
    stage_key: 'nova_accuracy',
    metric_key: 'accuracy',
    source: 'NOVA_MIN_ACCURACY',
    symbol: 'NOVA_MIN_ACCURACY',
    subkey: null,
    concurrency: null,
    file: 'tests/ci/test_nova_ci.py',
    line: 5,
    column: 21,
    old_text: '0.50',
    new_text: '0.56',
    old_value: 0.5,
    new_value: 0.56,
    worst_raw: 0.56,
    per_run_raw: [0.56, 0.58, 0.6],
    ...overrides,
  });
}

/** An apply of one literal that stands and was checked. */
export function makeApplied(overrides: Partial<AppliedDocument> = {}): AppliedDocument {
  return makeAny({
    session_id: '20260423T050000Z_nova',
    calibration_git_sha: COMMIT,
    mode: 'smart',
    changes: [makeChange()],
    files: [
      { file: 'tests/ci/test_nova_ci.py', sha256_before: 'a'.repeat(64), sha256_after: 'b'.repeat(64) },
    ],
    check: {
      ok: true,
      at: '2026-04-23T07:00:01Z',
      stages_yaml: '/checkout/catalog/models/nova-v1/stages.yaml',
      lines: ['discovery finds every threshold again'],
    },
    ...overrides,
  });
}
