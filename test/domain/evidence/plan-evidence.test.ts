import { describe, expect, it } from 'vitest';

import type { ApplyPlanDocument, ApplyPlanMetric } from '../../../src/domain/apply/apply-plan-document.ts';
import { decideApply } from '../../../src/domain/apply/decide-apply.ts';
import type { EvidenceVerdict } from '../../../src/domain/evidence/gate-evidence.ts';
import { withEvidence } from '../../../src/domain/evidence/plan-evidence.ts';

function planOf(given: Partial<ApplyPlanMetric> = {}): ApplyPlanDocument {
  const metric: ApplyPlanMetric = {
    metric_key: 'accuracy',
    source: 'OAK_MIN_ACCURACY',
    source_kind: 'bare',
    symbol: 'OAK_MIN_ACCURACY',
    subkey: null,
    stage_group: 'accuracy',
    worst_op: 'min',
    per_run_raw: [0.63],
    worst_raw: 0.63,
    worst_rounded: 0.63,
    write_value: 0.63,
    digits: 2,
    scale: 1,
    label: 'Accuracy',
    current_raw: 0.6,
    direction: 'tightens',
    current_text: '0.6',
    write_text: '0.63',
    location: { file: '/repo/t.py', line: 3, column: 9 },
    unknown_reason: null,
    outer_key: null,
    place: null,
    variable: null,
    ...given,
  };
  return {
    model: 'oak',
    run_dir: '/run',
    repeats: 1,
    stages: [
      {
        stage_key: 'oak',
        test: '/repo/t.py',
        threshold_file: '/repo/t.py',
        title: 'S',
        stage_group: 'accuracy',
        variant: null,
        calibration_preset: null,
        gpus: null,
        concurrency: null,
        metrics: [metric],
        warnings: [],
      },
    ],
    calibration_git_sha: 'a'.repeat(40),
    files: [],
  };
}

function checked(verdict: EvidenceVerdict, given: Partial<ApplyPlanMetric> = {}): ApplyPlanDocument {
  const rule = {
    status: 'read',
    op: '>=',
    threshold: 0.6,
    literal: 0.6,
    at: 't.py:9',
    test: 't.py::test_oak',
  };
  return withEvidence(planOf(given), {
    schema: 'calib.evidence/1',
    git_sha: null,
    reason: null,
    gates: [{ stage: 'oak', metric: 'accuracy', verdict, reason: 'it passed', rule, repeats: [] }],
    findings: [],
  });
}

describe('a plan with the evidence of its gates', () => {
  it.each(['contradicted', 'unit_suspected'] as const)('writes nothing that is %s in any mode', (verdict) => {
    for (const mode of ['smart', 'full'] as const) {
      const decision = decideApply({ plan: checked(verdict), mode, decide: {} });
      expect(decision).toMatchObject({ kind: 'refused', questions: [{ guard: `${verdict}: it passed` }] });
      for (const answer of ['keep', 'apply', '0.61']) {
        expect(decideApply({ plan: checked(verdict), mode, decide: { 'oak.accuracy': answer } }).kind).toBe(
          'decided',
        );
      }
    }
  });

  it.each(['confirmed', 'consistent', 'not_reached', 'not_tested'] as const)(
    'asks nothing more where it is %s',
    (verdict) => {
      expect(decideApply({ plan: checked(verdict), mode: 'full', decide: {} }).kind).toBe('decided');
    },
  );

  it('suspects a new literal in another unit than the present one, although the rule is confirmed', () => {
    const perCent = checked('confirmed', { current_raw: 60, current_text: '60.0', direction: 'loosens' });
    const [metric] = perCent.stages[0]?.metrics ?? [];
    expect(metric?.evidence?.verdict).toBe('unit_suspected');
    expect(metric?.evidence?.reason).toContain('about 1/100 of the present 60');
    expect(decideApply({ plan: perCent, mode: 'full', decide: {} }).kind).toBe('refused');
  });

  it('has an entry for gates that nobody checked', () => {
    const empty = {
      schema: 'calib.evidence/1',
      git_sha: null,
      reason: 'no checkout',
      gates: [],
      findings: [],
    } as const;
    const plan = withEvidence(planOf(), { ...empty, gates: [], findings: [] });
    expect(plan.stages[0]?.metrics[0]?.evidence).toEqual({ verdict: 'not_tested', reason: null, rule: null });
  });
});
