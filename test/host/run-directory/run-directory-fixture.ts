import { createHash } from 'node:crypto';
import { join } from 'node:path';

import { onTestFinished } from 'vitest';

import { type StageDefinition, thresholdFileOf } from '../../../src/domain/stages/stage.ts';
import { renderStagesYaml } from '../../../src/domain/stages/stages-yaml.ts';
import type { Observation } from '../../../src/domain/observation/observation.ts';
import type { Plan } from '../../../src/domain/session/session-plan.ts';
import { runPaths } from '../../../src/host/run-directory/paths.ts';
import { makeObservation, makePlan, makeStage, speedMetrics } from '../../domain/audit/snapshot-fixture.ts';
import { writeJson, writeText } from '../../fixtures/write-text.ts';
import { scratchRepository } from '../git/scratch-repository.ts';

export const NAMESPACE = 'test_nova_ci';
export const TEST_FILE = 'tests/ci/test_nova_ci.py';

/** A small CI test of two stages: accuracy as a bare constant, speed in a dictionary. */
export const TEST_SOURCE = `"""Nova on CI."""

CONCURRENCY = 8
MAX_SAMPLES = 5
NOVA_MIN_ACCURACY = 0.50  # lower bound
_NOVA_P95 = {
    8: {"throughput_qps": 4.2, "latency_mean_s": 2.5},
}


def test_accuracy_and_speed(tmp_path):
    run(max_samples=MAX_SAMPLES, max_tokens=32, max_concurrency=CONCURRENCY, out=tmp_path / "nova")
`;

export const stages: StageDefinition[] = [
  makeStage({ expected_samples: 5, context_vars: ['MAX_SAMPLES', 'CONCURRENCY'] }),
  makeStage({
    key: 'nova_speed',
    title: 'NOVA Speed',
    group: 'speed',
    metrics: speedMetrics(),
  }),
];

const accuracy = [0.56, 0.58, 0.6];
const throughput = [4.3849, 4.5, 4.41];
const latency = [2.1814, 2.05, 2.1];

/** The metrics of a stage in repeat k. */
export function metricsOf(stage: string, repeat: number): Record<string, number | null> {
  const at = repeat - 1;
  return stage === 'nova_accuracy'
    ? { accuracy: accuracy[at] ?? null }
    : { throughput_qps: throughput[at] ?? null, latency_mean_s: latency[at] ?? null };
}

export interface RunWorldOptions {
  /** v0.6.0's kind of directory: no markers, no copy of stages.yaml, none of calib's fields. */
  legacy?: boolean;
  plan?: Partial<Plan>;
}

/** A checkout with a finished session in it: `.tune-runs/session`, complete and ready. */
export function runWorld({ legacy = false, plan = {} }: RunWorldOptions = {}) {
  const repository = scratchRepository({ [TEST_FILE]: TEST_SOURCE, '.gitignore': '.tune-runs/\n' });
  onTestFinished(repository.remove);
  const { root, sha } = repository;
  const runDir = join(root, '.tune-runs', 'session');
  const world = { root, sha, runDir, git: repository.git, write: repository.write, legacy };
  const stagesYaml = legacy ? join(root, 'catalog', 'stages.yaml') : runPaths.stagesYaml(runDir);
  writeText(stagesYaml, renderStagesYaml(stages));
  writeJson(runPaths.plan(runDir), {
    ...makePlan(stages, { calibration_git_sha: sha, git_sha: sha, stages_yaml: stagesYaml }),
    ...(legacy ? {} : calibPlanFields(root)),
    ...plan,
  });
  writeJson(runPaths.precheck(runDir), {
    timestamp: '2026-04-23T04:59:00Z',
    versions: { sglang: '0.5.8', torch: '2.9.1' },
    gpu_summary: '2× NVIDIA H20',
    ...(legacy ? {} : { driver: '570.124.06' }),
  });
  for (let repeat = 1; repeat <= 3; repeat += 1) {
    writeRepeat(world, repeat);
  }
  return world;
}

export type RunWorld = ReturnType<typeof runWorld>;

function calibPlanFields(root: string): Partial<Plan> {
  return {
    session_id: 'session',
    hostname: 'h20-1',
    repo_root: root,
    calib_version: '0.1.0',
    units: [
      {
        namespace: NAMESPACE,
        test: TEST_FILE,
        env: {},
        gpus: 1,
        stages: stages.map((s) => s.key),
        pytest_args: [],
      },
    ],
    file_sha256: { [thresholdFileOf(stages[0] ?? makeStage())]: sha256(TEST_SOURCE) },
  };
}

/** Records repeat k of every stage as one unit; `overrides` apply to the stage of that name. */
export function writeRepeat(
  { runDir, sha, legacy }: Pick<RunWorld, 'runDir' | 'sha' | 'legacy'>,
  repeat: number,
  overrides: Record<string, Partial<Observation>> = {},
): void {
  const hashes: Record<string, string> = {};
  for (const { key } of stages) {
    const text = JSON.stringify({
      ...makeObservation({
        metrics: metricsOf(key, repeat),
        git_sha: sha,
        pytest_log: join(runDir, '_pytest', NAMESPACE, `run${repeat}.log`),
      }),
      ...(legacy ? {} : calibFields(repeat)),
      ...overrides[key],
    });
    writeText(runPaths.observation(runDir, key, repeat), text);
    hashes[key] = sha256(text);
  }
  if (!legacy) {
    writeJson(runPaths.commitMarker(runDir, NAMESPACE, repeat), {
      schema: 'calib.repeat/1',
      session_id: 'session',
      namespace: NAMESPACE,
      repeat,
      attempt: 1,
      git_sha: sha,
      committed_at: '2026-04-23T05:10:01Z',
      observations: hashes,
    });
  }
}

function calibFields(repeat: number): Partial<Observation> {
  return {
    session_id: 'session',
    namespace: NAMESPACE,
    host: 'h20-1',
    gpu_indices: [0],
    gpu_uuids: ['GPU-aaaa'],
    attempt_history: [
      {
        n: 1,
        pass: 1,
        started_at: '2026-04-23T05:09:00Z',
        ended_at: '2026-04-23T05:10:00Z',
        exit_code: 0,
        signal: null,
        reason: '',
        outcome: 'ok',
        duration_s: 60,
        gate_s: 0,
        cleanup_s: 0,
        gpus: [0],
        log: `/log/run${repeat}.attempt1.log`,
        startup_s: 40 + repeat,
        notes: repeat === 2 ? ['worker restarted, run adopted'] : [],
      },
    ],
  };
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
