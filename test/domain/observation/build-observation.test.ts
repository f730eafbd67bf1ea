import { expect, test } from 'vitest';

import {
  type Attempt,
  buildObservation,
  type Observation,
  observationSchema,
  pytestOutcome,
  type RepeatFacts,
  stageStatus,
} from '../../../src/domain/observation/observation.ts';
import type { StageDefinition } from '../../../src/domain/stages/stage.ts';
import {
  ASSERTION,
  CRASHED,
  GOOD_DOCUMENT,
  PASSED,
  extractionFrom,
  makeDocsStage,
  makeStage,
} from './stage-fixture.ts';

const ATTEMPT: Attempt = {
  n: 2,
  pass: 1,
  started_at: '2026-04-23T05:00:00Z',
  ended_at: '2026-04-23T05:10:00Z',
  exit_code: 1,
  signal: null,
  reason: 'exit 1',
  outcome: 'assertion',
  duration_s: 600.1251,
  gate_s: 3,
  cleanup_s: 0,
  gpus: [2, 3],
  log: '/run/_pytest/test_nova_ci/run1.attempt2.log',
  startup_s: null,
  notes: [],
};

const FACTS: RepeatFacts = {
  session_id: '20260423T050000Z_nova',
  namespace: 'test_nova_ci',
  git_sha: 'c'.repeat(40),
  tree_fingerprint: 'd'.repeat(64),
  recorded_at: '2026-04-23T05:10:01Z',
  end: ASSERTION,
  attempt_history: [{ ...ATTEMPT, n: 1, outcome: 'infra', reason: 'OOM' }, ATTEMPT],
  pytest_log: '/run/_pytest/test_nova_ci/run1.log',
  basetemp: '/run/_pytest/test_nova_ci/basetemp_run1',
  gpu_uuids: ['GPU-2', 'GPU-3'],
  host: 'h20',
};

function build(stage: StageDefinition, document: unknown = GOOD_DOCUMENT): Observation {
  const extraction = extractionFrom(stage, document);
  return buildObservation(FACTS, { stage, extraction, status: stageStatus(stage, extraction, FACTS.end) });
}

test('writes the fields in the order of the original tool', () => {
  expect(Object.keys(build(makeStage()))).toEqual([
    'status',
    'reason',
    'metrics',
    'sample_counts',
    'duration_s',
    'attempts',
    'git_sha',
    'recorded_at',
    'pytest_log',
    'basetemp',
    'pytest_rc',
    'session_id',
    'namespace',
    'attempt_history',
    'started_at',
    'ended_at',
    'gpu_indices',
    'gpu_uuids',
    'host',
    'result_files',
    'extraction',
    'pytest_outcome',
    'tree_fingerprint',
  ]);
});

test('is read back as it was written', () => {
  const observation = build(makeStage());

  expect(observationSchema.parse(JSON.parse(JSON.stringify(observation)))).toEqual(observation);
});

test('records pytest time of the last attempt with two decimals, and how many attempts there were', () => {
  expect(build(makeStage())).toMatchObject({
    duration_s: 600.13,
    attempts: 2,
    started_at: '2026-04-23T05:00:00Z',
    gpu_indices: [2, 3],
  });
});

test('says why a metric is null while pytest_outcome keeps how pytest ended', () => {
  const observation = build(makeStage(), { ...GOOD_DOCUMENT, speed: { qps: 1 } });

  expect(observation).toMatchObject({
    status: 'failed',
    reason: 'incomplete_metrics_extraction',
    metrics: { throughput_qps: 1, rtf_mean: null },
    pytest_outcome: 'threshold_assertion',
  });
  expect(observation.extraction?.['rtf_mean']).toContain('speed has no key "rtf"');
});

test('leaves pytest_rc out for a docs stage', () => {
  expect(build(makeDocsStage())).not.toHaveProperty('pytest_rc');
});

test.each([
  [PASSED, 'ok'],
  [ASSERTION, 'threshold_assertion'],
  [CRASHED, 'crashed (SIGSEGV)'],
])('words the end of pytest (%#)', (end, words) => {
  expect(pytestOutcome(end)).toBe(words);
});
