import { describe, expect, test } from 'vitest';

import type { StrictCell } from '../../../src/domain/audit/strict.ts';
import { matrixFromState, recordOutcome, setCell } from '../../../src/domain/session/matrix.ts';
import { initialState, type RepeatOutcome } from '../../../src/domain/session/session-state.ts';
import { sampleSessionPlan } from './sample-session-plan.ts';

const id = { namespace: 'test_alpha_ci', repeat: 2 };
const fresh = () => initialState(sampleSessionPlan(), '2026-04-23T05:00:00Z');
const cells = (cell: StrictCell) => ({ alpha_wer: cell, alpha_speed: cell });
const facts = { launches: 1, duration_s: 90, lane: null };
const incomplete = (reason: string): RepeatOutcome => ({
  kind: 'incomplete',
  reason,
  cells: cells({ symbol: '△', reason }),
  ...facts,
});

describe('the outcome of a repeat', () => {
  test('complete fills the cells of all its stages and gives the ETA a duration', () => {
    const state = fresh();
    recordOutcome(state, id, { kind: 'complete', cells: cells({ symbol: '✓', reason: '' }), ...facts });
    expect(state).toMatchObject({
      marks: { test_alpha_ci: '.d', test_beta_ci: '..' },
      symbols: { alpha_wer: '—✓', alpha_speed: '—✓', beta_accuracy: '——' },
      durations: { test_alpha_ci: { sum_s: 90, count: 1 } },
      launches: 1,
      open: {},
    });
  });

  test('found complete on disk does not count as a run that took no time', () => {
    const state = fresh();
    const cell = { symbol: '✓', reason: '' } as const;
    recordOutcome(state, id, {
      kind: 'complete',
      cells: cells(cell),
      launches: 0,
      duration_s: 0,
      lane: null,
    });
    expect(state).toMatchObject({ launches: 0, durations: {} });
  });

  test('incomplete leaves the cell open, with the reason in the matrix', () => {
    const state = fresh();
    recordOutcome(state, id, incomplete('partial samples (9/10)'));
    expect(state).toMatchObject({
      marks: { test_alpha_ci: '.o' },
      symbols: { alpha_wer: '—△' },
      reasons: { alpha_wer: { '2': 'partial samples (9/10)' } },
      durations: {},
    });
  });

  test('counts passes that failed alike, and begins again at another reason', () => {
    const state = fresh();
    recordOutcome(state, id, incomplete('OOM'));
    recordOutcome(state, id, incomplete('OOM'));
    expect(state.open['test_alpha_ci#2']).toEqual({ reason: 'OOM', passes_alike: 2, launches: 2 });
    recordOutcome(state, id, incomplete('exit 139 (segfault)'));
    expect(state.open['test_alpha_ci#2']).toEqual({
      reason: 'exit 139 (segfault)',
      passes_alike: 1,
      launches: 3,
    });
  });

  test('complete forgets that the repeat ever was open', () => {
    const state = fresh();
    recordOutcome(state, id, incomplete('OOM'));
    recordOutcome(state, id, { kind: 'complete', cells: cells({ symbol: '✓', reason: '' }), ...facts });
    expect(state.open).toEqual({});
    expect(state.reasons).toEqual({ alpha_wer: {}, alpha_speed: {} });
  });

  test('a repeat that was not run takes no room in the state, and is audited as missing', () => {
    const state = fresh();
    setCell(state, 'alpha_wer', 2, { symbol: '✗', reason: 'OOM' });
    setCell(state, 'alpha_wer', 2, { symbol: '—', reason: 'missing file' });
    expect(state.reasons).toEqual({ alpha_wer: {} });
    expect(matrixFromState(sampleSessionPlan(), state).stages[0]?.cells[1]).toEqual({
      symbol: '—',
      reason: 'missing file',
    });
  });

  test('counts what a stretch of retries cost, where that is more than the last outcome says', () => {
    const state = fresh();
    recordOutcome(state, id, incomplete('OOM'), 4);
    expect(state.launches).toBe(4);
    expect(state.open['test_alpha_ci#2']?.launches).toBe(4);
  });
});
