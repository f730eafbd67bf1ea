import type { CellFile } from '../../src/domain/audit/strict.ts';
import type { ContextBinding } from '../../src/domain/discovery/source-facts.ts';
import type { Observation } from '../../src/domain/observation/observation.ts';
import type { ReportFacts } from '../../src/domain/report/facts.ts';
import type { StageDefinition } from '../../src/domain/stages/stage.ts';
import {
  makeDocsStage,
  makeSnapshot,
  makeStage,
  recorded,
  speedMetrics,
} from '../domain/audit/snapshot-fixture.ts';

export const bindings: ContextBinding[] = [
  { keyword: 'max_samples', name: 'MAX_SAMPLES', literal: '2_000', line: 20 },
  { keyword: 'max_tokens', name: null, literal: '32', line: 20 },
  { keyword: 'max_concurrency', name: 'CONCURRENCY', literal: '8', line: 21 },
];

export const speedStage: StageDefinition = makeStage({
  key: 'nova_speed',
  title: 'NOVA STREAM Speed',
  group: 'speed',
  variant: 'stream',
  metrics: speedMetrics(),
});

const docsStage = makeDocsStage();

function run(repeat: number, overrides: Partial<Observation>): CellFile {
  return recorded({
    namespace: 'test_nova_ci',
    host: 'h20-1',
    gpu_indices: [0],
    gpu_uuids: ['GPU-aaaa'],
    recorded_at: `2026-04-23T05:1${repeat}:00Z`,
    duration_s: 60 + repeat / 4,
    attempt_history: [
      {
        n: 1,
        pass: 1,
        started_at: '2026-04-23T05:00:00Z',
        ended_at: '2026-04-23T05:01:00Z',
        exit_code: 0,
        signal: null,
        reason: '',
        outcome: 'ok',
        duration_s: 60,
        gate_s: 0,
        cleanup_s: 0,
        gpus: [0],
        log: '/log',
        lane: `host-a/lane${repeat % 2}`,
        startup_s: 40 + repeat,
        notes: repeat === 2 ? ['worker restarted, run adopted'] : [],
      },
    ],
    ...overrides,
  });
}

const accuracy = [0.56125, 0.6, 0.58];
const throughput = [4.3845, 4.5, 4.41];
const latency = [2.1814, 2.05, 2.1];

/** A ready session of an accuracy, a speed and a docs stage, with one discarded repeat. */
export function makeFacts(overrides: Partial<ReportFacts> = {}): ReportFacts {
  const stages = [makeStage({ expected_samples: 5 }), speedStage, docsStage];
  const unit = { test: 'tests/ci/test_nova_ci.py', env: {}, pytest_args: [] };
  return {
    snapshot: makeSnapshot({
      stages,
      cells: {
        nova_accuracy: accuracy.map((value, index) => run(index + 1, { metrics: { accuracy: value } })),
        nova_speed: throughput.map((value, index) =>
          run(index + 1, { metrics: { throughput_qps: value, latency_mean_s: latency[index] ?? null } }),
        ),
        docs_quickstart: [1, 2, 3].map((repeat) =>
          run(repeat, {
            namespace: 'test_quickstart',
            metrics: {},
            sample_counts: { total: null, ok: null },
            gpu_indices: [],
          }),
        ),
      },
      plan: {
        dirty: true,
        calib_version: '0.1.0',
        units: [
          { ...unit, namespace: 'test_nova_ci', gpus: 1, stages: ['nova_accuracy', 'nova_speed'] },
          {
            ...unit,
            namespace: 'test_quickstart',
            test: 'tests/docs/test_quickstart.py',
            gpus: 0,
            stages: ['docs_quickstart'],
          },
        ],
      },
    }),
    now: '2026-04-23T06:00:00Z',
    precheck: {
      sglang: '0.5.8',
      torch: '2.9.1',
      gpu_summary: '2× NVIDIA H20',
      driver: '570.124.06',
      cuda: '12.8',
    },
    bindings: { 'tests/ci/test_nova_ci.py': bindings },
    discarded: [
      {
        namespace: 'test_nova_ci',
        repeat: 2,
        n: 1,
        reason: 'partial samples (3/5)',
        at: '2026-04-23T05:08:00Z',
      },
      {
        namespace: 'test_nova_ci',
        repeat: 2,
        n: 2,
        reason: 'crashed (CUDA | error)',
        at: '2026-04-23T05:09:00Z',
      },
    ],
    thresholds: [
      { stage_key: 'nova_accuracy', metric_key: 'accuracy', value: 0.5 },
      { stage_key: 'nova_speed', metric_key: 'throughput_qps', value: 4.2 },
      { stage_key: 'nova_speed', metric_key: 'latency_mean_s', value: null },
    ],
    evidence: [
      { name: 'CUDA graphs', min_count: 10, fewest: 12, logs: 3, lacking: [] },
      {
        name: 'torch.compile',
        min_count: 1,
        fewest: 0,
        logs: 3,
        lacking: [{ namespace: 'test_nova_ci', repeat: 2, count: 0 }],
      },
    ],
    applied: null,
    extra_sections: [],
    ...overrides,
  };
}
