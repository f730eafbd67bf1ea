import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { writeReportFiles } from '../../src/cli/commands/report/report.ts';
import type { Plan } from '../../src/domain/session/session-plan.ts';
import { checkApplied } from '../../src/host/apply/check-applied.ts';
import { runApply } from '../../src/host/apply/run-apply.ts';
import { readSessionTree } from '../../src/host/git/tree.ts';
import { runPaths } from '../../src/host/run-directory/paths.ts';
import { readRunDirectory } from '../../src/host/run-directory/stages-copy.ts';
import { writeJson, writeText } from '../fixtures/write-text.ts';
import {
  runWorld,
  sha256,
  TEST_FILE,
  TEST_SOURCE,
  writeRepeat,
  type RunWorld,
} from '../host/run-directory/run-directory-fixture.ts';
import { runCalib, type CliRun } from './run-calib.ts';

const CONFIG = `name: nova-v1
hf_model_id: none/none
hf_datasets: []
gpus_per_test: {test_nova_ci.py: 0}
test_globs: ["tests/ci/test_*_ci.py"]
stage_base_strip_prefix: test_
stage_base_strip_suffix: _ci
metric_sources:
  test_nova_ci.py:
    json_file: "test_nova0/nova_results.json"
    sample_counts: {total: "summary.total_samples", ok: "summary.completed"}
    paths:
      accuracy: "summary.accuracy"
      throughput_qps: "speed.throughput_qps"
      latency_mean_s: "speed.latency_mean_s"
`;

const DIRTY_SOURCE = `${TEST_SOURCE}# to be looked at\n`;

export interface ApplyWorld extends RunWorld {
  session: string;
  /** Runs calib where no Temporal server answers. */
  calib: (...args: string[]) => Promise<CliRun>;
  /** What the session does when it is told to apply. */
  apply: (mode: 'smart' | 'full', decide?: Record<string, string>) => Promise<void>;
  read: (path: string) => string;
}

export interface ApplyWorldOptions {
  plan?: Partial<Plan>;
  /** One repeat was slower than what CI asserts: both speed metrics loosen. */
  slow?: boolean;
  /** The test file had a change of the operator's, not committed, when the session started. */
  dirty?: boolean;
}

/** A finished session that waits for its decision, with its report, its catalog in the checkout, and no server. */
export async function applyWorld(options: ApplyWorldOptions = {}): Promise<ApplyWorld> {
  const { plan = {}, slow = false, dirty = false } = options;
  const world = runWorld();
  const { root, runDir } = world;
  if (slow) writeRepeat(world, 1, { nova_speed: { metrics: { throughput_qps: 4.1, latency_mean_s: 2.6 } } });
  if (dirty) writeText(join(root, TEST_FILE), DIRTY_SOURCE);
  const catalogDir = join(root, 'catalog');
  writeText(join(catalogDir, 'models', 'nova-v1', 'config.yaml'), CONFIG);
  writeText(
    join(catalogDir, 'models', 'nova-v1', 'stages.yaml'),
    readFileSync(runPaths.stagesYaml(runDir), 'utf8'),
  );
  const { treeFingerprint } = await readSessionTree({ repoRoot: root, runDir, catalogDir });
  const recorded = JSON.parse(readFileSync(runPaths.plan(runDir), 'utf8')) as Plan;
  writeJson(runPaths.plan(runDir), {
    ...recorded,
    catalog_dir: catalogDir,
    stages_yaml: join(catalogDir, 'models', 'nova-v1', 'stages.yaml'),
    tree_fingerprint: treeFingerprint,
    ...(dirty ? { file_sha256: { [TEST_FILE]: sha256(DIRTY_SOURCE) } } : {}),
    ...plan,
  });
  const calib = async (...args: string[]) =>
    await runCalib(args, { cwd: root, env: { TEMPORAL_ADDRESS: '127.0.0.1:1', TUNE_REPO_ROOT: root } });
  const report = async () => {
    const snapshot = await readRunDirectory(runDir);
    await writeReportFiles({ snapshot, repoRoot: root });
  };
  await report();
  return {
    ...world,
    session: 'session',
    calib,
    apply: async (mode, decide = {}) => {
      const now = new Date('2026-04-23T07:00:00Z');
      const result = await runApply({ runDir, mode, decide, commandId: 'c1', now });
      if (result.kind === 'refused') throw new Error(result.reason);
      await checkApplied({ runDir, document: result.document, now });
      await report();
    },
    read: (path) => readFileSync(join(root, path), 'utf8'),
  };
}
