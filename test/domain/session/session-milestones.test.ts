import { describe, expect, test } from 'vitest';

import {
  haltMilestones,
  incompleteMilestones,
  passMilestones,
  skippedMilestones,
} from '../../../src/domain/session/milestones.ts';
import { type SessionState, initialState } from '../../../src/domain/session/session-state.ts';
import { sampleSessionPlan } from './sample-session-plan.ts';

const plan = sampleSessionPlan();

function state(change: Partial<SessionState> = {}): SessionState {
  return {
    ...initialState(plan, '2026-04-23T05:00:00Z'),
    marks: { test_alpha_ci: 'd.', test_beta_ci: 'dd' },
    symbols: { alpha_wer: '✓△', alpha_speed: '✓△', beta_accuracy: '✓✓' },
    reasons: { alpha_wer: { '2': 'partial samples (9/10)' }, alpha_speed: { '2': 'partial samples (9/10)' } },
    ...change,
  };
}

describe('the milestones of a session', () => {
  test('name what a resumed session does not run again', () => {
    expect(skippedMilestones(plan, state())).toEqual([
      '[test_alpha_ci] run 1/2 skipped (complete, 2 stage(s))',
      '[test_beta_ci] run 1/2 skipped (complete, 1 stage(s))',
      '[test_beta_ci] run 2/2 skipped (complete, 1 stage(s))',
    ]);
  });

  test('between two passes count what is complete and name what is taken up again', () => {
    expect(passMilestones(plan, state({ pass: 2 }))).toEqual([
      'completeness after pass 1: 4/6 stage-runs complete',
      '1 incomplete, taken up again in the next pass',
      '=== calibration pass 2/3: retry test_alpha_ci run 2 ===',
    ]);
  });

  test('count the passes of the present budget, not those before a resume', () => {
    expect(passMilestones(plan, state({ pass: 7, budget_from_pass: 6 }))[0]).toBe(
      'completeness after pass 1: 4/6 stage-runs complete',
    );
  });

  test('of a spent budget list the missing stage-runs with their reasons', () => {
    expect(incompleteMilestones(plan, state())).toEqual([
      'error: calibration incomplete (4/6). Missing 2 stage-run(s):',
      '  alpha_wer/run2: partial samples (9/10)',
      '  alpha_speed/run2: partial samples (9/10)',
      `fix the cause, then: calib signal ${plan.session_id} resume`,
    ]);
  });

  test('list at most twenty missing stage-runs', () => {
    const units = Array.from({ length: 15 }, (_, index) => ({
      namespace: `u${index}`,
      stages: [`s${index}`],
    }));
    const large = sampleSessionPlan({ units });
    const lines = incompleteMilestones(large, initialState(large, '2026-04-23T05:00:00Z'));
    expect(lines).toHaveLength(23);
    expect(lines.at(-2)).toBe('  … and 10 more');
  });

  test('of a halt say how complete the matrix is and how to go on', () => {
    expect(haltMilestones(plan, state(), { text: 'no results.json', namespace: null, repeat: null })).toEqual(
      [
        'HALT: no results.json',
        'completeness at HALT: 4/6 stage-runs complete',
        `fix the cause, then: calib signal ${plan.session_id} resume`,
      ],
    );
  });

  test('of a halt list what explains it and the steps out of it', () => {
    const cause = {
      text: 'no results.json',
      namespace: 'u',
      repeat: 1,
      config_key: 'metric_sources.test_a.py.json_file',
      found: 'found instead: b.json',
      log_tail: ['E   no server'],
      steps: ['edit config.yaml', 'calib discover', 'calib signal s resume'],
    };
    expect(haltMilestones(plan, state(), cause).slice(0, -2)).toEqual([
      'HALT: no results.json',
      '  config key: metric_sources.test_a.py.json_file',
      '  found instead: b.json',
      '  the log ends:',
      '    | E   no server',
      '  to continue:',
      '  1. edit config.yaml',
      '  2. calib discover',
      '  3. calib signal s resume',
    ]);
  });
});
