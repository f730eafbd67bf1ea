import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { ApplyPlanDocument, ApplyPlanMetric } from '../../../src/domain/apply/apply-plan-document.ts';
import {
  decideApply,
  describeQuestion,
  openQuestions,
  parseDecisionAnswer,
} from '../../../src/domain/apply/decide-apply.ts';
import { directionOf } from '../../../src/domain/apply/thresholds.ts';

/** A throughput of 4.2 whose worst of three is `next`, alone in its stage `s`. */
function metric(overrides: Partial<ApplyPlanMetric> = {}): ApplyPlanMetric {
  const made: ApplyPlanMetric = {
    metric_key: 'qps',
    source: "_P['qps']",
    source_kind: 'nested',
    symbol: '_P',
    subkey: 'qps',
    stage_group: 'speed',
    worst_op: 'min',
    per_run_raw: [4.0, 4.1, 4.3],
    worst_raw: 4.0,
    worst_rounded: 4.0,
    write_value: 4.0,
    digits: 3,
    scale: 1,
    label: 'Throughput',
    current_raw: 4.2,
    direction: 'unknown',
    current_text: '4.20',
    write_text: '4.0',
    location: { file: '/repo/t.py', line: 3, column: 9 },
    unknown_reason: null,
    outer_key: 8,
    place: null,
    variable: null,
    ...overrides,
  };
  const { current_raw: current, write_value: next, worst_op: worst } = made;
  return { ...made, direction: directionOf({ current, next, worst }) };
}

/** A stage for each metric, `s1`, `s2`, … */
function planOf(...metrics: ApplyPlanMetric[]): ApplyPlanDocument {
  return {
    model: 'nova-v1',
    run_dir: '/run',
    repeats: 3,
    stages: metrics.map((one, index) => ({
      stage_key: `s${index + 1}`,
      test: '/repo/t.py',
      threshold_file: '/repo/t.py',
      title: 'S',
      stage_group: one.stage_group,
      variant: null,
      calibration_preset: null,
      gpus: null,
      concurrency: 8,
      metrics: [one],
      warnings: [],
    })),
    calibration_git_sha: 'a'.repeat(40),
    files: [],
  };
}

const loosening = metric();
const tightening = metric({
  write_value: 4.31,
  write_text: '4.31',
  worst_raw: 4.31,
  per_run_raw: [4.31, 4.4, 4.5],
});
const equal = metric({ write_value: 4.2, write_text: '4.2', worst_raw: 4.2 });
const unreadable = metric({
  current_raw: null,
  current_text: null,
  location: null,
  unknown_reason: '_P is computed',
  outer_key: null,
  place: null,
  variable: null,
});

function settled(one: ApplyPlanMetric, mode: 'smart' | 'full', decide: Record<string, string> = {}) {
  const decision = decideApply({ plan: planOf(one), mode, decide });
  if (decision.kind === 'refused') {
    return decision.reason;
  }
  const [choice] = decision.choices;
  return choice?.action === 'write' ? `write ${choice.text}` : choice?.action;
}

describe('smart', () => {
  test.each(['accuracy', 'wer', 'similarity', 'utmos'])('applies %s in either direction', (stage_group) => {
    expect(settled(metric({ stage_group }), 'smart')).toBe('write 4.0');
    expect(settled({ ...tightening, stage_group }, 'smart')).toBe('write 4.31');
  });

  test('applies speed that tightens', () => {
    expect(settled(tightening, 'smart')).toBe('write 4.31');
  });

  test.each([
    ['speed that loosens', loosening],
    ['reliability that loosens', metric({ stage_group: 'reliability' })],
    ['reliability that tightens', { ...tightening, stage_group: 'reliability' }],
    ["a group of the model's own", { ...tightening, stage_group: 'diarization' }],
  ])('asks about %s', (_what, asked) => {
    expect(settled(asked, 'smart')).toMatch(/^1 decision is missing/);
  });

  test('skips what is equal and what is unknown', () => {
    expect(settled(equal, 'smart')).toBe('equal');
    expect(settled(unreadable, 'smart')).toBe('unknown');
  });
});

describe('full', () => {
  test.each([
    ['speed that loosens', loosening, 'write 4.0'],
    ['reliability', metric({ stage_group: 'reliability' }), 'write 4.0'],
    ['what is equal', equal, 'equal'],
    ['what is unknown', unreadable, 'unknown'],
  ])('settles %s without a question', (_what, one, expected) => {
    expect(settled(one, 'full')).toBe(expected);
  });
});

describe('decisions', () => {
  test.each([
    ['keep', 'keep'],
    ['apply', 'write 4.0'],
    ['3.9', 'write 3.9'],
    ['3_9e-1', 'write 3_9e-1'],
    ['3', 'write 3'],
    ['4.2', 'equal'],
  ])('%s answers a question', (answer, expected) => {
    expect(settled(loosening, 'smart', { 's1.qps': answer })).toBe(expected);
    expect(settled(loosening, 'full', { 's1.qps': answer })).toBe(expected);
  });

  test('a number stricter than what was observed needs its exclamation mark and is marked', () => {
    expect(settled(loosening, 'smart', { 's1.qps': '4.05' })).toBe(
      's1.qps: 4.05 is stricter than the worst observation 4; confirm it as 4.05!',
    );
    const decision = decideApply({ plan: planOf(loosening), mode: 'smart', decide: { 's1.qps': '4.05!' } });
    expect(decision).toMatchObject({
      kind: 'decided',
      choices: [{ action: 'write', text: '4.05', value: 4.05, custom: true, stricterThanObserved: true }],
    });
  });

  test('a confirmed number that is not stricter is only custom', () => {
    const decision = decideApply({ plan: planOf(loosening), mode: 'smart', decide: { 's1.qps': '3.9!' } });
    expect(decision).toMatchObject({ choices: [{ text: '3.9', custom: true, stricterThanObserved: false }] });
  });

  test.each([
    '',
    'Keep',
    'nan',
    'inf',
    '1e999',
    '0x10',
    '- 3',
    ' 3',
    '3 ',
    '3;',
    '007',
    '3!!',
    '__3',
    '1.2.3',
    '3j',
  ])('%j is no decision', (answer) => {
    expect(settled(loosening, 'smart', { 's1.qps': answer })).toBe(
      `s1.qps: ${JSON.stringify(answer)} is not a decision; valid: keep, apply, a number, or NUMBER! for one that is stricter than observed`,
    );
  });

  test('an unknown threshold names the nearest known one', () => {
    expect(settled(loosening, 'smart', { 's1.qsp': 'keep' })).toBe(
      'no threshold s1.qsp in the apply plan; did you mean s1.qps?',
    );
    expect(settled(loosening, 'smart', { frequency: 'keep' })).toBe(
      'no threshold frequency in the apply plan; known: s1.qps',
    );
  });

  test('a literal that cannot be read cannot be written, but kept', () => {
    expect(settled(unreadable, 'full', { 's1.qps': 'apply' })).toBe(
      's1.qps cannot be edited: _P is computed',
    );
    expect(settled(unreadable, 'full', { 's1.qps': '3' })).toBe('s1.qps cannot be edited: _P is computed');
    expect(settled(unreadable, 'full', { 's1.qps': 'keep' })).toBe('unknown');
  });

  test('a number is read as Python reads it, or not at all', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), (value, confirmed) => {
        const answer = parseDecisionAnswer(`${value}${confirmed ? '!' : ''}`);
        expect(answer).toEqual({ kind: 'number', text: `${value}`, value: Number(`${value}`), confirmed });
      }),
    );
  });
});

describe('open questions', () => {
  test('are listed with their runs in plan order, and refuse everything while one is open', () => {
    const plan = planOf(loosening, tightening, metric({ stage_group: 'reliability' }));
    const decision = decideApply({ plan, mode: 'smart', decide: {} });
    expect(decision).toMatchObject({
      kind: 'refused',
      reason: [
        '2 decisions are missing (decide STAGE.METRIC=keep, apply or a number):',
        '  s1.qps: runs 4, 4.1, 4.3; current 4.20, proposed 4.0 (loosens)',
        '  s3.qps: runs 4, 4.1, 4.3; current 4.20, proposed 4.0 (loosens)',
      ].join('\n'),
      questions: [{ id: 's1.qps' }, { id: 's3.qps' }],
    });
  });

  test('are those not decided yet; full has none', () => {
    const plan = planOf(loosening, loosening);
    const open = openQuestions({ plan, mode: 'smart', decided: { 's1.qps': 'keep' } });
    expect(open.map(describeQuestion)).toEqual([
      's2.qps: runs 4, 4.1, 4.3; current 4.20, proposed 4.0 (loosens)',
    ]);
    expect(openQuestions({ plan, mode: 'full', decided: {} })).toEqual([]);
  });
});

describe('two metrics on one literal', () => {
  const decideBoth = (one: ApplyPlanMetric, other: ApplyPlanMetric, decide: Record<string, string> = {}) =>
    decideApply({ plan: planOf(one, other), mode: 'full', decide });
  const reason = (decision: ReturnType<typeof decideApply>) =>
    decision.kind === 'refused' ? decision.reason : 'decided';

  test('that want one value are both written', () => {
    expect(decideBoth(loosening, loosening)).toMatchObject({
      choices: [{ action: 'write' }, { action: 'write' }],
    });
  });

  test('that want different values are refused', () => {
    expect(reason(decideBoth(loosening, tightening))).toBe(
      '/repo/t.py:3:9 is the literal of several metrics: s1.qps wants 4.0, s2.qps wants 4.31; decide the same number for all',
    );
  });

  test('of which one is equal are refused: its gate would reject what it observed', () => {
    expect(reason(decideBoth(equal, tightening))).toMatch(
      /s1\.qps wants 4\.20 \(as it is\), s2\.qps wants 4\.31/,
    );
  });

  test('of which one is kept are refused', () => {
    expect(reason(decideBoth(loosening, loosening, { 's1.qps': 'keep' }))).toMatch(/s1\.qps wants 4\.20/);
  });

  test('are settled by one number for both', () => {
    const decide = (other: string) => ({ 's1.qps': '3.5', 's2.qps': other });
    expect(decideBoth(loosening, tightening, decide('3.5'))).toMatchObject({ kind: 'decided' });
    expect(reason(decideBoth(loosening, tightening, decide('3.50')))).toMatch(
      /wants 3\.5, s2\.qps wants 3\.50/,
    );
  });
});

test('warnings of the plan and literals without an observation are told', () => {
  const plan = planOf(metric({ write_value: null, write_text: null, worst_raw: null }));
  plan.stages[0]?.warnings.push('pytest is given --concurrency 16');
  expect(decideApply({ plan, mode: 'full', decide: {} })).toMatchObject({
    kind: 'decided',
    warnings: ['pytest is given --concurrency 16', 's1.qps is skipped: it has no observation'],
  });
});

describe('a decision by the place of the literal', () => {
  const placed = metric({ place: "_P[8]['qps']" });

  test.each([
    ["_P[8]['qps']", 'keep', 'keep'],
    ['_P[ 8 ]["qps"]', 'apply', 'write 4.0'],
    ["_P[8]['qps']", '3.5', 'write 3.5'],
  ])('%s=%s', (key, answer, expected) => {
    expect(settled(placed, 'smart', { [key]: answer })).toBe(expected);
  });

  test('decides for every threshold that stands there', () => {
    const decision = decideApply({
      plan: planOf(placed, placed),
      mode: 'smart',
      decide: { "_P[8]['qps']": 'keep' },
    });
    expect(decision).toMatchObject({ kind: 'decided', choices: [{ action: 'keep' }, { action: 'keep' }] });
  });

  test('is refused beside another decision of the same threshold, and where nothing stands', () => {
    expect(settled(placed, 'smart', { "_P[8]['qps']": 'keep', 's1.qps': 'apply' })).toMatch(
      /s1.qps is decided twice/,
    );
    expect(settled(placed, 'smart', { "_P[16]['qps']": 'keep' })).toMatch(/no threshold _P\[16\]\['qps'\]/);
  });
});

test('a gate that is still None is filled as one that tightens, and a decided number takes the spelling of its file', () => {
  const pending: ApplyPlanMetric = {
    ...metric({ current_raw: null, current_text: 'None' }),
    direction: 'tightens',
  };
  expect(settled(pending, 'smart')).toBe('write 4.0');
  const plan = planOf(pending);
  const stages = plan.stages.map((stage) => ({ ...stage, threshold_file: '/repo/refs.yaml' }));
  const decision = decideApply({ plan: { ...plan, stages }, mode: 'full', decide: { 's1.qps': '1e-05' } });
  expect(decision).toMatchObject({ choices: [{ action: 'write', text: '1.0e-05' }] });
});

describe('a metric that is unlike CI', () => {
  const ci = {
    runs: 3,
    ci_median: 2.9,
    median: 4.1,
    ratio: 1.41,
    needs_decision: 'its median is 1.41 times that of CI',
  };
  const unlike = metric({ ci, write_value: 4.4, write_text: '4.4' });

  test.each(['smart', 'full'] as const)('is asked about in mode %s, and says why', (mode) => {
    const questions = openQuestions({ plan: planOf(unlike), mode, decided: {} });
    expect(questions.map((question) => describeQuestion(question))).toEqual([
      expect.stringMatching(/^s1\.qps: .*; unlike CI: its median is 1\.41 times that of CI$/),
    ]);
    expect(decideApply({ plan: planOf(unlike), mode, decide: {} }).kind).toBe('refused');
    expect(decideApply({ plan: planOf(unlike), mode, decide: { 's1.qps': 'keep' } }).kind).toBe('decided');
  });

  test('is not asked about where the medians agree', () => {
    const alike = { ...unlike, ci: { ...ci, needs_decision: null } };
    expect(openQuestions({ plan: planOf(alike), mode: 'full', decided: {} })).toEqual([]);
  });
});
