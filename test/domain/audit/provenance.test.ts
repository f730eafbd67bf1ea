import { describe, expect, test } from 'vitest';

import type { CellFile, RunSnapshot } from '../../../src/domain/audit/strict.ts';
import {
  provenanceDocument,
  provenanceFindings,
  renderFindings,
} from '../../../src/domain/audit/provenance.ts';
import { sessionCommit } from '../../../src/domain/session/session-plan.ts';
import { COMMIT, makeObservation, makeSnapshot, OTHER_COMMIT, recorded } from './snapshot-fixture.ts';

function audit(snapshot: RunSnapshot) {
  return provenanceDocument({
    calibration_git_sha: sessionCommit(snapshot.plan),
    provenance: provenanceFindings(snapshot),
  });
}

function withFiles(...files: CellFile[]): RunSnapshot {
  return makeSnapshot({ cells: { nova_accuracy: files }, plan: { repeats: files.length } });
}

describe('git provenance', () => {
  test('records of the session commit are ok', () => {
    expect(audit(makeSnapshot())).toEqual({
      ok: true,
      calibration_git_sha: COMMIT,
      missing_sha: [],
      mismatches: [],
      reason: '',
    });
  });

  test('the session commit of an old plan is its git_sha', () => {
    expect(audit(makeSnapshot({ plan: { calibration_git_sha: '', git_sha: COMMIT } })).ok).toBe(true);
  });

  test('a plan without a commit is never ok', () => {
    const result = audit(makeSnapshot({ plan: { calibration_git_sha: '', git_sha: '' } }));
    expect(result).toMatchObject({ ok: false, reason: 'plan.json has no calibration_git_sha' });
  });

  test('absent and uncommitted files are no artifacts', () => {
    const uncommitted = makeObservation({ git_sha: OTHER_COMMIT });
    const result = audit(
      withFiles(
        { kind: 'missing' },
        { kind: 'recorded', observation: uncommitted, integrity: 'uncommitted' },
      ),
    );
    expect(result.ok).toBe(true);
  });

  test('another commit is a mismatch with both abbreviations', () => {
    const result = audit(withFiles(recorded(), recorded({ git_sha: OTHER_COMMIT })));
    expect(result.mismatches).toEqual(['nova_accuracy/run2: artifact 99887766 != calibration ab12cd34']);
    expect(result.reason).toBe('1 run(s) recorded on a different commit');
  });

  test('an unreadable file is a mismatch', () => {
    expect(audit(withFiles({ kind: 'corrupt', error: 'x' })).mismatches).toEqual([
      'nova_accuracy/run1: corrupt json',
    ]);
  });

  test('a missing commit outranks mismatches in the reason', () => {
    const result = audit(withFiles(recorded({ git_sha: OTHER_COMMIT }), recorded({ git_sha: '' })));
    expect(result.missing_sha).toEqual(['nova_accuracy/run2']);
    expect(result.reason).toMatch(/^1 run\(s\) missing git_sha \(/);
  });

  test('another tree fingerprint than the plan names is a mismatch', () => {
    const result = audit(
      makeSnapshot({
        plan: { repeats: 1, tree_fingerprint: '1'.repeat(64) },
        cells: { nova_accuracy: [recorded({ tree_fingerprint: '2'.repeat(64) })] },
      }),
    );
    expect(result.mismatches).toEqual(['nova_accuracy/run1: tree fingerprint 22222222 != plan 11111111']);
  });

  test('a record of another session is a mismatch', () => {
    const result = audit(
      makeSnapshot({
        plan: { repeats: 1, session_id: 'this' },
        cells: { nova_accuracy: [recorded({ session_id: 'another' })] },
      }),
    );
    expect(result.mismatches).toEqual(['nova_accuracy/run1: recorded by session another, not this']);
  });

  test('an edited record is a mismatch, and the reason does not blame the commit', () => {
    const result = audit(
      withFiles({ kind: 'recorded', observation: makeObservation(), integrity: 'edited' }),
    );
    expect(result.mismatches).toEqual(['nova_accuracy/run1: edited after its repeat was committed']);
    expect(result.reason).not.toContain('different commit');
  });
});

test('more than ten findings are cut with the number of those left out', () => {
  const lines = renderFindings(Array.from({ length: 13 }, (_, index) => `s/run${index}`));
  expect(lines).toHaveLength(11);
  expect(lines[0]).toBe('  s/run0');
  expect(lines[10]).toBe('  … and 3 more');
});
