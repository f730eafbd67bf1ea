import { rmSync, truncateSync, writeFileSync } from 'node:fs';

import * as fc from 'fast-check';
import { expect } from 'vitest';

import type { StrictSymbol } from '../../../src/domain/audit/strict.ts';
import { buildObservation, type JudgedEnd } from '../../../src/domain/observation/observation.ts';
import type { ExtractionProblem, StageExtraction } from '../../../src/domain/observation/extract-metrics.ts';
import { judgeRepeat } from '../../../src/domain/observation/judge-repeat.ts';
import { type SessionPlan, sessionPlanSchema } from '../../../src/domain/session/session-plan.ts';
import { renderStagesYaml } from '../../../src/domain/stages/stages-yaml.ts';
import { commitRepeat } from '../../../src/host/run-directory/commit-repeat.ts';
import { discardRepeat } from '../../../src/host/run-directory/discard-repeat.ts';
import { readIfPresent } from '../../../src/host/run-directory/files.ts';
import { runPaths } from '../../../src/host/run-directory/paths.ts';
import { makeDocsStage, makeMetric, makePlan, makeStage } from '../../domain/audit/snapshot-fixture.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';
import { writeJson, writeText } from '../../fixtures/write-text.ts';
import { makeAttempt } from './repeat-fixture.ts';
import { NAMESPACE } from './run-directory-fixture.ts';

const SESSION = '20260423T050000Z_nova';
const SHA = 'ab12cd34'.repeat(5);
const TREE = 'e'.repeat(64);
export const REPEATS = 3;

export const stages = [
  makeStage({ expected_samples: 5 }),
  makeStage({ key: 'nova_wer', group: 'wer', metrics: { wer: makeMetric({ worst: 'max' }) } }),
  makeDocsStage(),
];
export const keys = stages.map(({ key }) => key);

export const plan: SessionPlan = sessionPlanSchema.parse({
  schema: 'calib.session/1',
  session_id: SESSION,
  label: 'nova',
  model: 'nova-v1',
  repeats: REPEATS,
  git_sha: SHA,
  git_branch: 'main',
  dirty: false,
  tree_fingerprint: TREE,
  repo_root: '/repo',
  run_dir: '/run',
  host: null,
  hostname: 'h',
  venv_python: '/venv/bin/python',
  venv_source: 'host',
  catalog_dir: '/catalog',
  stages_yaml: '/catalog/stages.yaml',
  stages_yaml_sha256: 'f'.repeat(64),
  file_sha256: {},
  environment: {},
  task_queues: { home: 'home', repeats: 'repeats' },
  units: [{ namespace: NAMESPACE, test: 'tests/ci/test_nova_ci.py', env: {}, gpus: 0, stages: keys }],
  stages: stages.map((stage) => ({
    key: stage.key,
    title: stage.title,
    group: stage.group,
    metrics: Object.keys(stage.metrics),
    expected_samples: stage.expected_samples ?? null,
  })),
  policies: {},
  precheck: { skip: true, skip_version_check: false },
  calib_version: '0.1.0',
});

export function makeDirectory(): string {
  const runDir = temporaryFolder();
  writeText(runPaths.stagesYaml(runDir), renderStagesYaml(stages));
  writeJson(
    runPaths.plan(runDir),
    makePlan(stages, {
      repeats: REPEATS,
      calibration_git_sha: SHA,
      git_sha: SHA,
      session_id: SESSION,
      tree_fingerprint: TREE,
      units: plan.units,
    }),
  );
  return runDir;
}

export interface Launch {
  /** Number of samples counted and done; the metrics' value, null when it cannot be read. */
  samples: [number | null, number | null];
  value: number | null;
  end: JudgedEnd;
}

const CLEAN: JudgedEnd = { outcome: 'ok', reason: '', exit_code: 0, signal: null };
const ASSERTION: JudgedEnd = { outcome: 'assertion', reason: 'exit 1', exit_code: 1, signal: null };
const CRASH: JudgedEnd = { outcome: 'infra', reason: 'OOM', exit_code: 1, signal: null };

export const launches: Record<string, Launch> = {
  good: { samples: [5, 5], value: 0.5, end: CLEAN },
  assertion: { samples: [5, 5], value: 0.4, end: ASSERTION },
  partial: { samples: [5, 3], value: 0.5, end: ASSERTION },
  scope: { samples: [7, 7], value: 0.5, end: CLEAN },
  empty: { samples: [0, 0], value: 0.5, end: CLEAN },
  uncounted: { samples: [null, 5], value: 0.5, end: CLEAN },
  unread: { samples: [5, 5], value: null, end: CLEAN },
  crashed: { samples: [null, null], value: null, end: CRASH },
};

const UNREAD: ExtractionProblem = {
  kind: 'path_missing',
  file: 'test_nova0/nova_results.json',
  path: 'summary',
  nearest: [],
  text: 'no such key',
};

function extractionsOf({ samples, value }: Launch): Record<string, StageExtraction> {
  const [total, ok] = samples;
  const entries = stages.map(({ key, metrics }): [string, StageExtraction] => {
    const each = <T>(of: T) => Object.fromEntries(Object.keys(metrics).map((metric) => [metric, of]));
    const problems = value === null ? each(UNREAD) : {};
    return [key, { metrics: each(value), sample_counts: { total, ok }, why: {}, problems, result_files: [] }];
  });
  return Object.fromEntries(entries);
}

/** Judges and commits a launch as `runRepeat` does; gives the cells that the session is told. */
export async function commitLaunch(runDir: string, repeat: number, launch: Launch, attempt = 1) {
  const extractions = extractionsOf(launch);
  const { statuses, cells } = judgeRepeat({
    stages,
    extractions,
    end: launch.end,
    suspects: [],
    earlierReasons: [],
  });
  const facts = {
    session_id: SESSION,
    namespace: NAMESPACE,
    git_sha: SHA,
    tree_fingerprint: TREE,
    recorded_at: '2026-04-23T05:10:00Z',
    end: launch.end,
    attempt_history: [makeAttempt({ n: attempt })] as const,
    pytest_log: '/log',
    basetemp: '/basetemp',
    gpu_uuids: [],
    host: 'h',
  };
  const observations = Object.fromEntries(
    stages.flatMap((stage) => {
      const [extraction, status] = [extractions[stage.key], statuses[stage.key]];
      return extraction === undefined || status === undefined
        ? []
        : [[stage.key, buildObservation(facts, { stage, extraction, status })] as const];
    }),
  );
  await commitRepeat({
    runDir,
    namespace: NAMESPACE,
    repeat,
    sessionId: SESSION,
    attempt,
    gitSha: SHA,
    committedAt: '2026-04-23T05:10:01Z',
    test: 'tests/ci/test_nova_ci.py',
    log: '/log',
    observations,
  });
  return cells;
}

export async function discard(runDir: string, repeat: number): Promise<void> {
  await discardRepeat({
    runDir,
    namespace: NAMESPACE,
    repeat,
    stages: keys,
    reason: 'x',
    at: '2026-04-23T06:00:00Z',
    requestedBy: 'calib',
    commandId: `command-${Math.random()}`,
  });
}

export type Operation =
  | { kind: 'commit'; repeat: number; launch: string }
  | { kind: 'discard' | 'unmark'; repeat: number }
  | { kind: 'corrupt' | 'edit' | 'forge' | 'remove'; repeat: number; stage: string };

const repeats = fc.integer({ min: 1, max: REPEATS });
export const operations: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('commit' as const),
      repeat: repeats,
      launch: fc.constantFrom(...Object.keys(launches)),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('discard' as const, 'unmark' as const), repeat: repeats }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('corrupt' as const, 'edit' as const, 'forge' as const, 'remove' as const),
      repeat: repeats,
      stage: fc.constantFrom(...keys),
    }),
  },
);

/** What stands for one repeat: by stage what its file holds, and what the marker vouches for. */
export interface RepeatModel {
  files: Record<string, string>;
  marker: Record<string, string> | null;
}

/** Applies an operation to the directory and to the model of it. */
export async function apply(runDir: string, model: RepeatModel[], operation: Operation): Promise<void> {
  const at = model[operation.repeat - 1];
  if (at === undefined) return;
  const path = 'stage' in operation ? runPaths.observation(runDir, operation.stage, operation.repeat) : '';
  const bytes = path === '' ? null : await readIfPresent(path);
  switch (operation.kind) {
    case 'commit':
      return await applyCommit(runDir, at, operation);
    case 'discard':
      await discard(runDir, operation.repeat);
      at.files = {};
      at.marker = null;
      return;
    case 'unmark':
      rmSync(runPaths.commitMarker(runDir, NAMESPACE, operation.repeat), { force: true });
      at.marker = null;
      return;
    case 'corrupt':
      if (bytes === null) return;
      truncateSync(path, 10);
      at.files[operation.stage] = 'corrupt';
      return;
    case 'edit':
      if (bytes === null || at.files[operation.stage] === 'corrupt') return;
      writeFileSync(path, `${bytes.toString()} `);
      at.files[operation.stage] += '+';
      return;
    case 'forge':
      writeText(path, `{"status":"ok","metrics":{},"sample_counts":{"total":5,"ok":5},"git_sha":"${SHA}"}`);
      at.files[operation.stage] = 'forged';
      return;
    case 'remove':
      rmSync(path, { force: true });
      delete at.files[operation.stage];
      return;
  }
}

async function applyCommit(
  runDir: string,
  at: RepeatModel,
  { repeat, launch }: Extract<Operation, { kind: 'commit' }>,
): Promise<void> {
  const foreign = Object.values(at.files).some((file) => file === 'corrupt' || file.startsWith('forged'));
  const refused = at.marker === null ? foreign : Object.values(at.marker).some((file) => file !== launch);
  const committing = commitLaunch(runDir, repeat, launches[launch] as Launch);
  if (refused) return await expect(committing).rejects.toMatchObject({ code: 'refused' });
  await committing;
  if (at.marker !== null) return;
  at.files = Object.fromEntries(keys.map((key) => [key, launch]));
  at.marker = { ...at.files };
}

const symbolsOf: Record<string, [StrictSymbol, StrictSymbol, StrictSymbol]> = {
  good: ['✓', '✓', '✓'],
  assertion: ['✓', '✓', '✗'],
  partial: ['△', '△', '✗'],
  scope: ['✗', '✓', '✓'],
  empty: ['✗', '✗', '✓'],
  uncounted: ['✗', '✗', '✓'],
  unread: ['✗', '✗', '✓'],
  crashed: ['✗', '✗', '✗'],
};

export function expectedSymbol({ files, marker }: RepeatModel, stage: string): StrictSymbol {
  const file = files[stage];
  if (file === undefined) return '—';
  if (file === 'corrupt') return '✗';
  const vouched = marker?.[stage];
  if (vouched === undefined) return '—';
  return file === vouched ? (symbolsOf[file]?.[keys.indexOf(stage)] ?? '✗') : '✗';
}
