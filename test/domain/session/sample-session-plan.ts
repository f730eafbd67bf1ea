import type { Lane } from '../../../src/domain/lanes/lanes.ts';
import { type SessionPlan, sessionPlanSchema } from '../../../src/domain/session/session-plan.ts';

export interface SampleUnit {
  namespace: string;
  stages: string[];
  /** Default 0. */
  gpus?: number;
}

export interface SampleOptions {
  id?: string;
  repeats?: number;
  lanes?: number;
  /** Declared lanes; `lanes` is then their number. */
  laneTable?: Lane[];
  knownDurations?: Record<string, number>;
  units?: SampleUnit[];
  policies?: Partial<SessionPlan['policies']>;
}

const twoUnits: SampleUnit[] = [
  { namespace: 'test_alpha_ci', stages: ['alpha_wer', 'alpha_speed'] },
  { namespace: 'test_beta_ci', stages: ['beta_accuracy'] },
];

const sampleCommit = '4f2a9d0c3b1e58a7f6d4c2b09e8d7a6b5c4f3e21';

/** A plan of two units with three stages in all; paths are of no machine. */
export function sampleSessionPlan(options: SampleOptions = {}): SessionPlan {
  const id = options.id ?? '20260423T050000Z_sample';
  const units = options.units ?? twoUnits;
  return sessionPlanSchema.parse({
    schema: 'calib.session/1',
    session_id: id,
    label: 'sample',
    model: 'nova',
    repeats: options.repeats ?? 2,
    git_sha: sampleCommit,
    git_branch: 'main',
    dirty: false,
    tree_fingerprint: 'f00d',
    repo_root: '/srv/speech',
    run_dir: `/srv/speech/.tune-runs/${id}`,
    host: 'lab',
    hostname: 'gpu-1',
    venv_python: '/srv/venv/bin/python',
    venv_source: 'host profile',
    catalog_dir: '/srv/catalog',
    stages_yaml: '/srv/catalog/models/nova/stages.yaml',
    stages_yaml_sha256: 'cafe',
    file_sha256: {},
    environment: {},
    task_queues: { home: 'calib-home-gpu-1', repeats: 'calib-repeats-gpu-1' },
    units: units.map(({ namespace, stages, gpus = 0 }) => ({
      namespace,
      test: `tests/test_model/${namespace.split('__')[0]}.py`,
      env: {},
      gpus,
      stages,
    })),
    stages: units.flatMap(({ stages }) =>
      stages.map((key) => ({ key, title: key, group: 'wer', metrics: ['value'], expected_samples: 10 })),
    ),
    policies: { attempts_per_pass: 2, max_passes: 3, retry_backoff_s: 0.01, ...options.policies },
    lanes: options.laneTable?.length ?? options.lanes ?? 1,
    ...(options.laneTable === undefined ? {} : { lane_table: options.laneTable }),
    ...(options.knownDurations === undefined ? {} : { known_durations: options.knownDurations }),
    precheck: { skip: false, skip_version_check: false },
    search_attributes: false,
    calib_version: '0.1.0',
  });
}
