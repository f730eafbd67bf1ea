import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';

import type { Attempt, Observation } from '../../../src/domain/observation/observation.ts';
import type { StageDefinition } from '../../../src/domain/stages/stage.ts';
import type { RepeatCommit } from '../../../src/host/run-directory/commit-repeat.ts';
import { makeStage, metricAt } from '../../domain/observation/stage-fixture.ts';

export const COMMIT = 'c'.repeat(40);
export const SESSION = '20260423T050000Z_nova';
export const NAMESPACE = 'test_nova_ci';

/** The two stages of the fixture's one unit. */
export const STAGES: StageDefinition[] = [
  makeStage(),
  makeStage({ key: 'nova_wer', group: 'wer', metrics: { corpus_wer: metricAt('wer', { worst: 'max' }) } }),
];

/** A complete observation of a stage of `STAGES`. */
export function makeObservation(overrides: Partial<Observation> = {}): Observation {
  return {
    status: 'ok',
    reason: '',
    metrics: { throughput_qps: 4.5, rtf_mean: 0.25, corpus_wer: 0.02 },
    sample_counts: { total: 20, ok: 20 },
    duration_s: 600,
    attempts: 1,
    git_sha: COMMIT,
    recorded_at: '2026-04-23T05:10:01Z',
    session_id: SESSION,
    namespace: NAMESPACE,
    ...overrides,
  };
}

/** A commit of repeat 1 of the fixture's unit. */
export function makeCommit(runDir: string, overrides: Partial<RepeatCommit> = {}): RepeatCommit {
  return {
    runDir,
    namespace: NAMESPACE,
    repeat: 1,
    sessionId: SESSION,
    attempt: 1,
    gitSha: COMMIT,
    committedAt: '2026-04-23T05:10:02Z',
    test: 'tests/test_nova_ci.py',
    log: join(runDir, '_pytest', NAMESPACE, 'run1.log'),
    observations: { nova_speed: makeObservation(), nova_wer: makeObservation() },
    ...overrides,
  };
}

export function makeAttempt(overrides: Partial<Attempt> = {}): Attempt {
  return {
    n: 1,
    pass: 1,
    started_at: '2026-04-23T05:00:00Z',
    ended_at: '2026-04-23T05:10:00Z',
    exit_code: 0,
    signal: null,
    reason: '',
    outcome: 'ok',
    duration_s: 600,
    gate_s: 3,
    cleanup_s: 0,
    gpus: [0, 1],
    log: '/run/_pytest/test_nova_ci/run1.attempt1.log',
    startup_s: 20,
    notes: [],
    ...overrides,
  };
}

/** All files and links below a folder, as sorted relative paths. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}
