import type { AppliedChange, AppliedDocument } from '../../../src/domain/apply/applied-document.ts';

/** A throughput in a dictionary, tightened from 4.20 to 4.31 unless told otherwise. */
export function makeChange(overrides: Partial<AppliedChange> = {}): AppliedChange {
  return {
    stage_key: 'mmsu_speed',
    metric_key: 'throughput_qps',
    source: "_MMSU_P95['throughput_qps']",
    symbol: '_MMSU_P95',
    subkey: 'throughput_qps',
    concurrency: 8,
    file: 'tests/test_mmsu_ci.py',
    line: 12,
    column: 28,
    old_text: '4.20',
    new_text: '4.31',
    old_value: 4.2,
    new_value: 4.31,
    worst: 'min',
    worst_raw: 4.31,
    per_run_raw: [4.31, 4.4, 4.35],
    custom: false,
    stricter_than_observed: false,
    ...overrides,
  };
}

/** The record of a full apply that has not been checked yet. */
export function makeApplied(overrides: Partial<AppliedDocument> = {}): AppliedDocument {
  return {
    schema: 'calib.applied/1',
    session_id: '20260423T050000Z_mmsu',
    model: 'nova-v1',
    calibration_git_sha: 'ab12cd34'.repeat(5),
    mode: 'full',
    decide: {},
    command_id: 'command-1',
    applied_at: '2026-04-23T07:00:00Z',
    edits: 1,
    changes: [makeChange()],
    files: [{ file: 'tests/test_mmsu_ci.py', sha256_before: 'a'.repeat(64), sha256_after: 'b'.repeat(64) }],
    warnings: [],
    check: null,
    undone: null,
    ...overrides,
  };
}
