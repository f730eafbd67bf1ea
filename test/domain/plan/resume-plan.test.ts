import { expect, test } from 'vitest';

import { orderPlan, type Plan, type Unit } from '../../../src/domain/session/session-plan.ts';
import { type ResumeRequest, resumePlan } from '../../../src/domain/session/resume-plan.ts';

const COMMIT = 'c'.repeat(40);

function unit(namespace: string, stages: string[]): Unit {
  return { namespace, test: `tests/${namespace}.py`, env: {}, gpus: 1, stages, pytest_args: [] };
}

const PLAN: Plan = {
  model: 'nova',
  stages: ['a_wer', 'a_speed', 'b_speed'],
  repeats: 5,
  timestamp: '2026-04-23T05:00:00Z',
  calibration_git_sha: COMMIT,
  dirty: false,
  venv_python: '/venv/bin/python',
  session_id: '20260423T050000Z_nova',
  host: 'h20',
  units: [unit('test_a', ['a_wer', 'a_speed']), unit('test_b', ['b_speed'])],
  stages_yaml_sha256: 'e'.repeat(64),
  tree_fingerprint: 'f'.repeat(64),
};

const REQUEST: ResumeRequest = {
  head: COMMIT,
  dirty: true,
  at: '2026-04-24T05:00:00Z',
  model: 'nova',
  stages_yaml_sha256: 'e'.repeat(64),
};

function refusal(request: Partial<ResumeRequest>, plan: Plan = PLAN): string | null {
  const decision = resumePlan(plan, { ...REQUEST, ...request });
  return decision.kind === 'refused' ? decision.message : null;
}

test('means the whole plan when no stages are named', () => {
  expect(resumePlan(PLAN, REQUEST)).toMatchObject({ kind: 'accepted', stages: PLAN.stages, notes: [] });
});

test('takes over the plan and records when and on what it was resumed', () => {
  const decision = resumePlan(PLAN, REQUEST);

  expect(decision.kind === 'accepted' && decision.plan).toEqual({
    ...PLAN,
    calibration_started_at: '2026-04-23T05:00:00Z',
    git_sha: COMMIT,
    dirty: true,
    last_resume_at: '2026-04-24T05:00:00Z',
    last_resume_git_sha: COMMIT,
  });
});

test('always runs all stages of a unit together', () => {
  const decision = resumePlan(PLAN, { ...REQUEST, stages: ['a_speed'] });

  expect(decision).toMatchObject({
    kind: 'accepted',
    stages: ['a_wer', 'a_speed'],
    notes: ['resume: executing subset a_wer, a_speed of 3 planned stages first, then the rest'],
  });
});

test('takes the units of the request where the plan has none, as the original tool wrote it', () => {
  const { units, ...old } = PLAN;
  const decision = resumePlan(old, { ...REQUEST, stages: ['a_speed'], ...(units ? { units } : {}) });

  expect(decision).toMatchObject({ kind: 'accepted', stages: ['a_wer', 'a_speed'] });
});

test('refuses another commit, naming both', () => {
  expect(refusal({ head: 'd'.repeat(40) })).toBe(`HEAD is ${'d'.repeat(40)}, the session observes ${COMMIT}`);
});

test('refuses a plan that names no commit', () => {
  const { calibration_git_sha: _unused, ...plan } = PLAN;

  expect(refusal({}, plan)).toBe(`HEAD is ${COMMIT}, the session observes no commit`);
});

test('refuses another model', () => {
  expect(refusal({ model: 'tts' })).toBe('the session calibrates model nova, not tts');
});

test('refuses stage definitions that have changed', () => {
  expect(refusal({ stages_yaml_sha256: '0'.repeat(64) })).toMatch(/stages\.yaml has changed/);
});

test('refuses a work tree that has changed under the same commit', () => {
  expect(refusal({ tree_fingerprint: '0'.repeat(64) })).toMatch(/work tree is not the one/);
});

test('refuses stages that were never planned', () => {
  expect(refusal({ stages: ['a_wer', 'c_wer'] })).toBe("not in the session's plan: c_wer");
});

test("warns of other repeats, host or interpreter and keeps the plan's", () => {
  const decision = resumePlan(PLAN, { ...REQUEST, repeats: 3, host: null, venv_python: '/other/python' });

  expect(decision).toMatchObject({
    kind: 'accepted',
    plan: { repeats: 5, host: 'h20', venv_python: '/venv/bin/python' },
    warnings: [
      "3 repeats asked for; the plan's 5 are used",
      'host profile is none; the session began on h20',
      'interpreter is /other/python; the session began with /venv/bin/python',
    ],
  });
});

test('orders a plan as the original tool does, with unknown fields last', () => {
  const plan: Plan = {
    future: 1,
    session_id: 's',
    git_sha: COMMIT,
    stages: [],
    repeats: 1,
    timestamp: '',
    model: 'm',
  };

  expect(Object.keys(orderPlan(plan))).toEqual([
    'model',
    'stages',
    'repeats',
    'timestamp',
    'git_sha',
    'session_id',
    'future',
  ]);
});

test.each([
  ['its GPUs', { gpus: 2 }, 'unit test_b has changed (gpus_per_test was 1, is 2) since the session started'],
  [
    'its arguments',
    { pytest_args: ['-k', 'x'] },
    'unit test_b has changed (pytest_extra_args was [], is ["-k","x"]) since the session started',
  ],
  ['its name', { namespace: 'test_c' }, 'unit test_b no longer exists since the session started'],
])('refuses a unit that changed %s: repeats of two kinds have no common worst', (_what, change, message) => {
  const units = [unit('test_a', ['a_wer', 'a_speed']), { ...unit('test_b', ['b_speed']), ...change }];

  expect(refusal({ units })).toBe(message);
});

test('does not mind the order of a unit’s environment', () => {
  const env = { B: '2', A: '1' };
  const plan = { ...PLAN, units: [{ ...unit('test_b', ['b_speed']), env: { A: '1', B: '2' } }] };

  expect(refusal({ units: [{ ...unit('test_b', ['b_speed']), env }] }, plan)).toBeNull();
});
