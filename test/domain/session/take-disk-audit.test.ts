import { describe, expect, test } from 'vitest';

import type { AuditCell } from '../../../src/domain/audit/matrix.ts';
import { matrixFromState, syncMatrix } from '../../../src/domain/session/matrix.ts';
import { type SessionState, initialState } from '../../../src/domain/session/session-state.ts';
import { sampleSessionPlan } from './sample-session-plan.ts';

const plan = sampleSessionPlan();
const valid: AuditCell = { symbol: '✓', reason: '' };
const partial: AuditCell = { symbol: '△', reason: 'partial samples (9/10)' };
const absent: AuditCell = { symbol: '—', reason: 'missing file' };
const provenance = { missing_sha: [], mismatches: [], altered: [] };

function audited(cells: Record<string, AuditCell[]>, change: Partial<SessionState> = {}): SessionState {
  const state = { ...initialState(plan, '2026-04-23T05:00:00Z'), ...change };
  syncMatrix(plan, state, { cells, provenance });
  return state;
}

const allValid = { alpha_wer: [valid, valid], alpha_speed: [valid, valid], beta_accuracy: [valid, valid] };

describe('the audit of the disk', () => {
  test('makes a repeat done when every stage of its unit is valid', () => {
    expect(audited({ ...allValid, beta_accuracy: [valid, absent] }).marks).toEqual({
      test_alpha_ci: 'dd',
      test_beta_ci: 'd.',
    });
  });

  test('spoils the whole repeat for one bad sibling', () => {
    expect(audited({ ...allValid, alpha_speed: [valid, partial] }).marks['test_alpha_ci']).toBe('d.');
  });

  test('takes a repeat back that is not valid any more', () => {
    const marks = { test_alpha_ci: 'dd', test_beta_ci: 'dd' };
    expect(audited({ ...allValid, beta_accuracy: [absent, valid] }, { marks }).marks['test_beta_ci']).toBe(
      '.d',
    );
  });

  test('closes an open cell that somebody has repaired', () => {
    const state = audited(allValid, {
      marks: { test_alpha_ci: 'ho', test_beta_ci: 'dd' },
      open: { 'test_alpha_ci#1': { reason: 'no results.json', passes_alike: 1, launches: 1 } },
    });
    expect(state.marks['test_alpha_ci']).toBe('dd');
    expect(state.open).toEqual({});
  });

  test('leaves running repeats alone', () => {
    const marks = { test_alpha_ci: 'r.', test_beta_ci: '..' };
    expect(audited(allValid, { marks }).marks['test_alpha_ci']).toBe('rd');
  });

  test('does not count what was recorded on another commit, ✓ or not', () => {
    const foreign: AuditCell = { ...valid, incomplete: 'recorded on another commit' };
    const state = audited({ ...allValid, beta_accuracy: [foreign, valid] });
    expect(state.marks['test_beta_ci']).toBe('.d');
    expect(matrixFromState(plan, state).stages[2]?.cells[0]).toEqual(foreign);
  });
});

describe('the matrix of a session', () => {
  test('is what the audits of its directory would start from', () => {
    const matrix = matrixFromState(plan, audited({ ...allValid, beta_accuracy: [partial, absent] }));
    expect(matrix).toEqual({
      model: 'nova',
      repeats: 2,
      calibration_git_sha: plan.git_sha,
      stages: [
        { stage_key: 'alpha_wer', expected_samples: 10, cells: [valid, valid] },
        { stage_key: 'alpha_speed', expected_samples: 10, cells: [valid, valid] },
        { stage_key: 'beta_accuracy', expected_samples: 10, cells: [partial, absent] },
      ],
      provenance,
    });
  });
});
