import type { CellFile, RunSnapshot } from '../../../src/domain/audit/strict.ts';
import type { Observation } from '../../../src/domain/observation/observation.ts';
import { type Plan, planSchema } from '../../../src/domain/session/session-plan.ts';
import type { StageDefinition, StageMetric } from '../../../src/domain/stages/stage.ts';

export const COMMIT = 'ab12cd34'.repeat(5);
export const OTHER_COMMIT = '99887766'.repeat(5);

/** A metric of `stages.yaml` that is read at `summary.<key>`. */
export function makeMetric(overrides: Partial<StageMetric> = {}): StageMetric {
  return {
    source: 'NOVA_MIN_ACCURACY',
    json_file: 'test_nova0/nova_results.json',
    json_path: 'summary.accuracy',
    worst: 'min',
    display: { label: 'Acc (%)', scale: 100, digits: 2 },
    status: 'OK',
    ...overrides,
  };
}

/** The metrics of a speed stage: literals in a dictionary, one with a lower and one with an upper bound. */
export function speedMetrics(): StageDefinition['metrics'] {
  return {
    throughput_qps: makeMetric({
      source: "_NOVA_P95['throughput_qps']",
      display: { label: 'Throughput (req/s)', scale: 1, digits: 3 },
    }),
    latency_mean_s: makeMetric({
      source: "_NOVA_P95['latency_mean_s']",
      worst: 'max',
      display: { label: 'Latency mean (s)', scale: 1, digits: 3 },
    }),
  };
}

/** An accuracy stage of five samples unless told otherwise. */
export function makeStage(overrides: Partial<StageDefinition> = {}): StageDefinition {
  return {
    key: 'nova_accuracy',
    test: 'tests/ci/test_nova_ci.py',
    title: 'NOVA Accuracy',
    group: 'accuracy',
    extra_env: {},
    context_vars: [],
    test_file_sha256: 'a'.repeat(64),
    last_discovered_at: '2026-04-23T04:00:00Z',
    sample_counts: {
      total: { json_file: 'test_nova0/nova_results.json', json_path: 'summary.total_samples' },
      ok: { json_file: 'test_nova0/nova_results.json', json_path: 'summary.completed' },
    },
    metrics: { accuracy: makeMetric() },
    ...overrides,
  };
}

/** A stage without metrics. */
export function makeDocsStage(): StageDefinition {
  const { sample_counts: _counts, ...stage } = makeStage({
    key: 'docs_quickstart',
    title: 'Docs smoke',
    group: 'docs',
    metrics: {},
  });
  return stage;
}

/** A good record of `makeStage()`: accuracy 0.56, five samples of five. */
export function makeObservation(overrides: Partial<Observation> = {}): Observation {
  return {
    status: 'ok',
    reason: '',
    metrics: { accuracy: 0.56 },
    sample_counts: { total: 5, ok: 5 },
    duration_s: 61.25,
    attempts: 1,
    git_sha: COMMIT,
    recorded_at: '2026-04-23T05:10:00Z',
    pytest_log: '/runs/x/_pytest/test_nova_ci/run1.log',
    ...overrides,
  };
}

/** A committed record. */
export function recorded(overrides: Partial<Observation> = {}): CellFile {
  return { kind: 'recorded', observation: makeObservation(overrides), integrity: 'committed' };
}

/** A plan over `stages`, of three repeats unless told otherwise. */
export function makePlan(stages: readonly StageDefinition[], overrides: Partial<Plan> = {}): Plan {
  return planSchema.parse({
    model: 'nova-v1',
    stages: stages.map((stage) => stage.key),
    repeats: 3,
    timestamp: '2026-04-23T05:00:00Z',
    calibration_started_at: '2026-04-23T05:00:00Z',
    calibration_git_sha: COMMIT,
    git_sha: COMMIT,
    git_branch: 'main',
    dirty: false,
    venv_python: '/venv/bin/python',
    venv_source: 'host',
    tune_version: '0.6.0',
    ...overrides,
  });
}

export interface SnapshotParts {
  stages?: StageDefinition[];
  /** By stage key; stages without an entry get three good records. */
  cells?: Record<string, CellFile[]>;
  plan?: Partial<Plan>;
}

/** A run directory as plain values: complete and ready unless told otherwise. */
export function makeSnapshot({
  stages = [makeStage()],
  cells = {},
  plan = {},
}: SnapshotParts = {}): RunSnapshot {
  const made = makePlan(stages, plan);
  return {
    run_dir: '.tune-runs/20260423T050000Z_nova',
    plan: made,
    stages,
    cells: Object.fromEntries(
      stages.map((stage) => [
        stage.key,
        cells[stage.key] ?? Array.from({ length: made.repeats }, () => recorded()),
      ]),
    ),
  };
}
