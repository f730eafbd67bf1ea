import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';

import { onTestFinished } from 'vitest';

import type { Observation } from '../../src/domain/observation/observation.ts';
import { type SessionPlan, sessionPlanSchema } from '../../src/domain/session/session-plan.ts';
import type { StageDefinition } from '../../src/domain/stages/stage.ts';
import { renderStagesYaml } from '../../src/domain/stages/stages-yaml.ts';
import { readGitState } from '../../src/host/git/tree.ts';
import { commitRepeat } from '../../src/host/run-directory/commit-repeat.ts';
import { runPaths } from '../../src/host/run-directory/paths.ts';
import { makeObservation, makeStage } from '../domain/audit/snapshot-fixture.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';
import { writeJson, writeText } from '../fixtures/write-text.ts';
import { scratchRepository } from '../host/git/scratch-repository.ts';
import {
  NAMESPACE,
  TEST_FILE,
  TEST_SOURCE,
  metricsOf,
  sha256,
  stages as nova,
} from '../host/run-directory/run-directory-fixture.ts';

/** Base name of the run directory, and so the session's id. */
export const SESSION = '20260423T050000Z_nova';

/** A second unit of one stage, so that whole units can be told from stages. */
export const OTHER_NAMESPACE = 'test_nova_chart_ci';
const OTHER_TEST_FILE = 'tests/ci/test_nova_chart_ci.py';
const OTHER_SOURCE = 'CHART_MIN_ACCURACY = 0.4\n';

/** The planned stages: two of the unit `test_nova_ci`, one of `test_nova_chart_ci`. */
export const stages: StageDefinition[] = [
  ...nova.map((stage) => ({ ...stage, test_file_sha256: sha256(TEST_SOURCE), metrics: read(stage) })),
  makeStage({ key: 'chart_accuracy', test: OTHER_TEST_FILE, test_file_sha256: sha256(OTHER_SOURCE) }),
];

/** Each metric is read at its own key. */
function read({ metrics }: StageDefinition): StageDefinition['metrics'] {
  const entries = Object.entries(metrics);
  return Object.fromEntries(
    entries.map(([key, metric]) => [key, { ...metric, json_path: `summary.${key}` }]),
  );
}

/** A checkout with a catalog beside it; nothing is in its run directory yet. */
export function directoryWorld() {
  const repository = scratchRepository({
    [TEST_FILE]: TEST_SOURCE,
    [OTHER_TEST_FILE]: OTHER_SOURCE,
    '.gitignore': '.tune-runs/\n',
  });
  onTestFinished(repository.remove);
  const { root } = repository;
  const catalog = temporaryFolder();
  const stagesYaml = join(catalog, 'models', 'nova-v1', 'stages.yaml');
  writeText(stagesYaml, renderStagesYaml(stages));
  return {
    ...repository,
    catalog,
    stagesYaml,
    runDir: join(root, '.tune-runs', SESSION),
  };
}

export type DirectoryWorld = Awaited<ReturnType<typeof directoryWorld>>;

/** The plan that `start` makes of a world as it stands now. */
export async function sessionPlan(
  world: DirectoryWorld,
  overrides: Partial<SessionPlan> = {},
): Promise<SessionPlan> {
  const git = await readGitState(world.root);
  const stagesText = readFileSync(world.stagesYaml, 'utf8');
  return sessionPlanSchema.parse({
    schema: 'calib.session/1',
    session_id: SESSION,
    label: 'nova',
    model: 'nova-v1',
    repeats: 3,
    git_sha: git.sha,
    git_branch: git.branch,
    dirty: git.dirty,
    tree_fingerprint: git.treeFingerprint,
    repo_root: world.root,
    run_dir: world.runDir,
    host: null,
    hostname: 'h20-1',
    venv_python: '/venv/bin/python',
    venv_source: 'host',
    catalog_dir: world.catalog,
    stages_yaml: world.stagesYaml,
    stages_yaml_sha256: sha256(stagesText),
    file_sha256: { [TEST_FILE]: sha256(TEST_SOURCE), [OTHER_TEST_FILE]: sha256(OTHER_SOURCE) },
    environment: {},
    task_queues: { home: 'home', repeats: 'repeats' },
    units: [
      unit(NAMESPACE, TEST_FILE, ['nova_accuracy', 'nova_speed']),
      unit(OTHER_NAMESPACE, OTHER_TEST_FILE, ['chart_accuracy']),
    ],
    stages: stages.map(({ key, title, group, metrics, expected_samples }) => ({
      key,
      title,
      group,
      metrics: Object.keys(metrics),
      expected_samples: expected_samples ?? null,
    })),
    policies: {},
    precheck: { skip: true, skip_version_check: false },
    calib_version: '0.1.0',
    ...overrides,
  });
}

function unit(namespace: string, test: string, keys: string[]) {
  return { namespace, test, env: {}, gpus: 0, stages: keys };
}

/** `plan.json` with exactly the fields that the original tool writes. */
export function legacyPlan(world: DirectoryWorld): Record<string, unknown> {
  return {
    model: 'nova-v1',
    stages: stages.map(({ key }) => key),
    repeats: 3,
    timestamp: '2026-04-23T05:00:00Z',
    calibration_started_at: '2026-04-23T05:00:00Z',
    calibration_git_sha: world.sha,
    git_sha: world.sha,
    git_branch: 'main',
    dirty: false,
    venv_python: '/venv/bin/python',
    venv_source: 'host',
    tune_version: '0.6.0',
    stages_yaml: world.stagesYaml,
  };
}

/** The directory that the original tool v0.6.0 leaves after all repeats, nothing else. */
export function writeLegacyDirectory(world: DirectoryWorld): void {
  const { runDir } = world;
  writeJson(runPaths.plan(runDir), legacyPlan(world));
  writeJson(runPaths.precheck(runDir), { timestamp: '2026-04-23T04:59:00Z', ok: true });
  writeText(runPaths.runLog(runDir), 'run log: run.log\n');
  for (let repeat = 1; repeat <= 3; repeat += 1) {
    for (const { key } of stages) writeLegacyRecord(world, key, repeat);
  }
}

/** What the original tool leaves of one stage × k, artifacts of its unit included. */
export function writeLegacyRecord(
  world: DirectoryWorld,
  stage: string,
  repeat: number,
  overrides: Partial<Observation> = {},
): void {
  const { runDir, sha } = world;
  const namespace = stage === 'chart_accuracy' ? OTHER_NAMESPACE : NAMESPACE;
  const log = runPaths.log(runDir, namespace, repeat);
  const baseTemp = runPaths.baseTemp(runDir, namespace, repeat);
  writeText(log, `pytest of ${namespace}, repeat ${repeat}\n`);
  writeText(join(baseTemp, 'test_nova0', 'nova_results.json'), '{}');
  writeText(runPaths.stageLog(runDir, stage, repeat), `# shared pytest log\n# ${log}\n# ${baseTemp}\n`);
  writeJson(runPaths.observation(runDir, stage, repeat), {
    status: 'ok',
    reason: '',
    metrics: stage === 'chart_accuracy' ? { accuracy: 0.5 } : metricsOf(stage, repeat),
    sample_counts: { total: 5, ok: 5 },
    duration_s: 61.25,
    attempts: 1,
    git_sha: sha,
    recorded_at: '2026-04-23T05:10:00Z',
    pytest_log: log,
    basetemp: baseTemp,
    pytest_rc: 0,
    ...overrides,
  });
}

/**
 * Commits repeat k of the unit `test_nova_ci` as calib does, with the artifacts that its values were read from.
 *
 * @param overrides of both stages' observations
 */
export async function commitNova(
  world: DirectoryWorld,
  repeat: number,
  overrides: Partial<Observation> = {},
): Promise<void> {
  const { runDir, sha } = world;
  const accuracy = metricsOf('nova_accuracy', repeat);
  const speed = metricsOf('nova_speed', repeat);
  writeJson(join(runPaths.baseTemp(runDir, NAMESPACE, repeat), 'test_nova0', 'nova_results.json'), {
    summary: { ...accuracy, ...speed, total_samples: 5, completed: 5 },
  });
  const facts = { git_sha: sha, session_id: SESSION, namespace: NAMESPACE, ...overrides };
  await commitRepeat({
    runDir,
    namespace: NAMESPACE,
    repeat,
    sessionId: SESSION,
    attempt: 1,
    gitSha: sha,
    committedAt: '2026-04-23T05:10:02Z',
    test: TEST_FILE,
    log: runPaths.attemptLog(runDir, NAMESPACE, repeat, 1),
    observations: {
      nova_accuracy: makeObservation({ metrics: accuracy, ...facts }),
      nova_speed: makeObservation({ metrics: speed, ...facts }),
    },
  });
}

/** SHA-256 of every file below a folder, by relative path; links are left out. */
export function contentsBelow(folder: string): Record<string, string> {
  if (!existsSync(folder)) return {};
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  return Object.fromEntries(
    names
      .map((name) => join(folder, name))
      .filter((path) => statSync(path).isFile())
      .map((path) => [relative(folder, path), createHash('sha256').update(readFileSync(path)).digest('hex')]),
  );
}
