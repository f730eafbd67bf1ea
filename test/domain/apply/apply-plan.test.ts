import { describe, expect, test } from 'vitest';

import { applyPlan } from '../../../src/domain/apply/apply-plan.ts';
import { type ApplyPlanDocument, isRefusal } from '../../../src/domain/apply/apply-plan-document.ts';
import { type LocatedThresholds, parseThresholdSource } from '../../../src/domain/apply/thresholds.ts';
import type { RunSnapshot } from '../../../src/domain/audit/strict.ts';
import {
  COMMIT,
  makeDocsStage,
  makeMetric,
  makeSnapshot,
  makeStage,
  OTHER_COMMIT,
  recorded,
} from '../audit/snapshot-fixture.ts';

const speedStage = makeStage({
  key: 'nova_speed',
  title: 'NOVA Speed',
  group: 'speed',
  variant: 'stream',
  threshold_file: 'tests/ci/thresholds.py',
  metrics: {
    throughput_qps: makeMetric({
      source: "_NOVA_P95['throughput_qps']",
      display: { label: 'Throughput (req/s)', scale: 1, digits: 3 },
    }),
  },
});

const thresholds: LocatedThresholds = {
  literals: {
    'nova_accuracy.accuracy': {
      kind: 'found',
      text: '0.50',
      value: 0.5,
      isInteger: false,
      line: 3,
      column: 21,
      place: 'NOVA_MIN_ACCURACY',
      concurrencyUsed: null,
      variable: null,
    },
    'nova_speed.throughput_qps': {
      kind: 'found',
      text: '5',
      value: 5,
      isInteger: true,
      line: 9,
      column: 30,
      place: "_NOVA_P95[8]['throughput_qps']",
      concurrencyUsed: 8,
      variable: null,
    },
  },
  concurrency: { nova_accuracy: null, nova_speed: null },
  files: [
    { file: '/repo/tests/ci/test_nova_ci.py', path: 'tests/ci/test_nova_ci.py', sha256: 'c'.repeat(64) },
    { file: '/repo/tests/ci/thresholds.py', path: 'tests/ci/thresholds.py', sha256: 'd'.repeat(64) },
  ],
};

const speed = [4.3849, 4.5, 4.6].map((value) => recorded({ metrics: { throughput_qps: value } }));

function snapshotWithSpeed(plan: Partial<RunSnapshot['plan']> = {}): RunSnapshot {
  return makeSnapshot({
    stages: [makeStage(), makeDocsStage(), speedStage],
    cells: { nova_speed: speed },
    plan,
  });
}

function planOf(snapshot: RunSnapshot, located = thresholds): ApplyPlanDocument {
  const document = applyPlan({ snapshot, repoRoot: '/repo', head: COMMIT, thresholds: located });
  if (isRefusal(document)) {
    throw new Error(`refused: ${document.reason}`);
  }
  return document;
}

describe('apply plan', () => {
  test('top-level, stage and metric fields stand in the order of the specification', () => {
    const document = planOf(snapshotWithSpeed());
    expect(Object.keys(document)).toEqual([
      'model',
      'run_dir',
      'repeats',
      'stages',
      'calibration_git_sha',
      'files',
    ]);
    expect(Object.keys(document.stages[0] ?? {})).toEqual([
      'stage_key',
      'test',
      'threshold_file',
      'title',
      'stage_group',
      'variant',
      'calibration_preset',
      'gpus',
      'concurrency',
      'metrics',
      'warnings',
    ]);
    expect(Object.keys(document.stages[0]?.metrics[0] ?? {})).toEqual([
      'metric_key',
      'source',
      'source_kind',
      'symbol',
      'subkey',
      'stage_group',
      'worst_op',
      'per_run_raw',
      'worst_raw',
      'worst_rounded',
      'write_value',
      'digits',
      'scale',
      'label',
      'current_raw',
      'direction',
      'current_text',
      'write_text',
      'location',
      'unknown_reason',
      'outer_key',
      'place',
      'variable',
    ]);
  });

  test('docs stages are left out', () => {
    expect(planOf(snapshotWithSpeed()).stages.map((stage) => stage.stage_key)).toEqual([
      'nova_accuracy',
      'nova_speed',
    ]);
  });

  test('a metric carries its raw values, its worst, what is written and where', () => {
    expect(planOf(snapshotWithSpeed()).stages[1]?.metrics[0]).toEqual({
      metric_key: 'throughput_qps',
      source: "_NOVA_P95['throughput_qps']",
      source_kind: 'nested',
      symbol: '_NOVA_P95',
      subkey: 'throughput_qps',
      stage_group: 'speed',
      worst_op: 'min',
      per_run_raw: [4.3849, 4.5, 4.6],
      worst_raw: 4.3849,
      worst_rounded: 4.385,
      write_value: 4.3849,
      digits: 3,
      scale: 1,
      label: 'Throughput (req/s)',
      current_raw: 5,
      direction: 'loosens',
      current_text: '5',
      write_text: '4.3849',
      location: { file: '/repo/tests/ci/thresholds.py', line: 9, column: 30 },
      unknown_reason: null,
      outer_key: 8,
      place: "_NOVA_P95[8]['throughput_qps']",
      variable: null,
    });
  });

  test('the concurrency is the key that is really used', () => {
    expect(planOf(snapshotWithSpeed()).stages[1]?.concurrency).toBe(8);
  });

  test('the threshold file is the test file where a stage has no other', () => {
    expect(planOf(snapshotWithSpeed()).stages[0]).toMatchObject({
      test: '/repo/tests/ci/test_nova_ci.py',
      threshold_file: '/repo/tests/ci/test_nova_ci.py',
    });
  });

  test('files carry their present hash and the one of the start', () => {
    const plan = { file_sha256: { 'tests/ci/thresholds.py': 'e'.repeat(64) } };
    expect(planOf(snapshotWithSpeed(plan)).files).toEqual([
      { file: '/repo/tests/ci/test_nova_ci.py', sha256: 'c'.repeat(64), session_sha256: null },
      { file: '/repo/tests/ci/thresholds.py', sha256: 'd'.repeat(64), session_sha256: 'e'.repeat(64) },
    ]);
  });

  test('an unreadable literal is unknown with its reason and a warning, never a guess', () => {
    const literals = {
      ...thresholds.literals,
      'nova_speed.throughput_qps': {
        kind: 'unknown' as const,
        reason: '_NOVA_P95 has the keys 8, 16 and no CONCURRENCY says which one counts',
        line: 7,
        column: 1,
      },
    };
    const stage = planOf(snapshotWithSpeed(), { ...thresholds, literals }).stages[1];
    expect(stage?.metrics[0]).toMatchObject({ current_raw: null, current_text: null, direction: 'unknown' });
    expect(stage?.warnings).toEqual([
      'nova_speed.throughput_qps is skipped: _NOVA_P95 has the keys 8, 16 and no CONCURRENCY says which one counts',
    ]);
  });

  test.each([[['--concurrency', '16']], [['--concurrency=16']]])(
    'another concurrency given to pytest (%j) is a warning',
    (args) => {
      const units = [
        {
          namespace: 'test_nova_ci',
          test: 'tests/ci/test_nova_ci.py',
          env: {},
          gpus: 1,
          stages: ['nova_accuracy', 'nova_speed'],
          pytest_args: args,
        },
      ];
      expect(planOf(snapshotWithSpeed({ units })).stages[1]?.warnings).toEqual([
        'nova_speed: pytest is given --concurrency 16, but the literals under key 8 are edited',
      ]);
    },
  );
});

describe('refusals have one shape', () => {
  const attempt = (snapshot: RunSnapshot, head = COMMIT) =>
    applyPlan({ snapshot, repoRoot: '/repo', head, thresholds });

  test('failed provenance', () => {
    const cells = { nova_accuracy: [recorded({ git_sha: OTHER_COMMIT }), recorded(), recorded()] };
    expect(attempt(makeSnapshot({ cells }))).toEqual({
      error: 'git_provenance_failed',
      reason: '1 run(s) recorded on a different commit',
      calibration_git_sha: COMMIT,
      mismatches: ['nova_accuracy/run1: artifact 99887766 != calibration ab12cd34'],
      missing_sha: [],
    });
  });

  test('an incomplete matrix', () => {
    const cells = { nova_accuracy: [{ kind: 'missing' } as const, recorded(), recorded()] };
    expect(attempt(makeSnapshot({ cells }))).toMatchObject({
      error: 'strict_incomplete',
      mismatches: ['nova_accuracy: —✓✓ (2/3)'],
    });
  });

  test('a checkout on another commit', () => {
    expect(attempt(makeSnapshot(), OTHER_COMMIT)).toMatchObject({
      error: 'head_moved',
      reason: `HEAD is ${OTHER_COMMIT}, but the session observed ${COMMIT}`,
    });
  });
});

test.each([
  ['NOVA_MIN_ACCURACY', { kind: 'bare', symbol: 'NOVA_MIN_ACCURACY', subkey: null }],
  ['_NOVA_MIN_ACCURACY', { kind: 'bare', symbol: '_NOVA_MIN_ACCURACY', subkey: null }],
  ["_X_P95['rtf_mean']", { kind: 'nested', symbol: '_X_P95', subkey: 'rtf_mean' }],
  ['X_P95[ "rtf_mean" ]', { kind: 'nested', symbol: 'X_P95', subkey: 'rtf_mean' }],
  ['__X', { kind: 'place', symbol: '__X', subkey: null }],
  ["X[8]['rtf_mean']", { kind: 'place', symbol: 'X', subkey: null }],
  ['GATES[1].min_accuracy', { kind: 'place', symbol: 'GATES', subkey: null }],
  ['test_x[a]::limit', { kind: 'place', symbol: 'test_x', subkey: null }],
  ['refs.yaml::a.b', { kind: 'place', symbol: 'refs.yaml::a.b', subkey: null }],
  ['X + 1', { kind: 'unknown', symbol: 'X + 1', subkey: null }],
])('the source %s is read', (source, expected) => {
  expect(parseThresholdSource(source)).toEqual(expected);
});
