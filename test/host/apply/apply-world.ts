import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Plan } from '../../../src/domain/session/session-plan.ts';
import type { StageDefinition } from '../../../src/domain/stages/stage.ts';
import { renderStagesYaml } from '../../../src/domain/stages/stages-yaml.ts';
import { parseModelConfig } from '../../../src/domain/catalog/model-config.ts';
import { updateStagesFile } from '../../../src/host/discovery/update-stages-file.ts';
import { readSessionTree } from '../../../src/host/git/tree.ts';
import { runPaths } from '../../../src/host/run-directory/paths.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';
import { writeJson, writeText } from '../../fixtures/write-text.ts';
import {
  runWorld,
  sha256,
  stages as plannedStages,
  TEST_FILE,
  TEST_SOURCE,
  writeRepeat,
} from '../run-directory/run-directory-fixture.ts';

export { TEST_FILE, TEST_SOURCE };

export const LIMITS_FILE = 'tests/ci/nova_limits.py';

/** The speed limits in a file of their own, with Windows line ends. */
export const LIMITS_SOURCE =
  '_NOVA_P95 = {\r\n    8: {"throughput_qps": 4.2, "latency_mean_s": 2.5},  # seconds\r\n}\r\n';

const CONFIG = `name: nova-v1
hf_model_id: acme/nova
hf_datasets: []
test_globs: ["tests/ci/test_nova_ci.py"]
stage_base_strip_prefix: test_
stage_base_strip_suffix: _ci
metric_sources:
  test_nova_ci.py:
    json_file: nova0/nova_results.json
    sample_counts: {total: summary.total, ok: summary.ok}
    paths: {accuracy: summary.accuracy, throughput_qps: speed.qps, latency_mean_s: speed.latency}
`;

/** The file that the speed thresholds stand in, and the place of each metric where it is not the shipped one. */
export interface LimitsFile {
  path: string;
  text: string;
  places: Record<string, string>;
  /** The literals are `None`, and may be filled. */
  pending: boolean;
}

interface ApplyWorldOptions {
  split?: boolean;
  limits?: LimitsFile | null;
}

function atPlaces(stage: StageDefinition, { path, places, pending }: LimitsFile): StageDefinition {
  const metrics = Object.entries(stage.metrics).map(([key, metric]) => [
    key,
    { ...metric, source: places[key] ?? metric.source, ...(pending ? { pending } : {}) },
  ]);
  return {
    ...stage,
    threshold_file: path,
    metrics: Object.fromEntries(metrics) as StageDefinition['metrics'],
  };
}

/**
 * A ready session with everything that an apply asks for: a catalog beside the checkout, the fingerprint of the tree, a
 * written report. Worst of three: accuracy 0.56 (0.50 now), throughput 4.3849 (4.2), latency 2.1814 (2.5).
 */
export async function applyWorld({ split = false, limits: given = null }: ApplyWorldOptions = {}) {
  const world = runWorld();
  const { root, runDir, git } = world;
  const limits = split ? { path: LIMITS_FILE, text: LIMITS_SOURCE, places: {}, pending: false } : given;
  if (limits !== null) {
    world.write(TEST_FILE, TEST_SOURCE.replace(/_NOVA_P95 = [^]*?\n}\n/, ''));
    world.write(limits.path, limits.text);
    git('add', '-A');
    git('commit', '-q', '-m', 'split');
  }
  const catalog = await makeCatalog(root);
  const stages: StageDefinition[] = plannedStages.map((stage) =>
    limits !== null && stage.group === 'speed' ? atPlaces(stage, limits) : stage,
  );
  writeText(runPaths.stagesYaml(runDir), renderStagesYaml(stages));
  const { sha, treeFingerprint } = await readSessionTree({ repoRoot: root, runDir, catalogDir: catalog });
  for (let repeat = 1; repeat <= 3; repeat += 1) {
    writeRepeat({ runDir, sha, legacy: false }, repeat);
  }
  const read = (path: string) => readFileSync(join(root, path), 'utf8');
  const files = limits === null ? [TEST_FILE] : [TEST_FILE, limits.path];
  const plan = JSON.parse(readFileSync(runPaths.plan(runDir), 'utf8')) as Plan;
  const changePlan = (changes: Partial<Plan>) => {
    Object.assign(plan, changes);
    writeJson(runPaths.plan(runDir), plan);
  };
  changePlan({
    calibration_git_sha: sha,
    git_sha: sha,
    catalog_dir: catalog,
    venv_python: '/venv/bin/python',
    tree_fingerprint: treeFingerprint,
    file_sha256: Object.fromEntries(files.map((path) => [path, sha256(read(path))])),
  });
  writeFileSync(runPaths.report(runDir), '# CI Threshold Observation Report\n\n## Provenance\n');
  return {
    ...world,
    sha,
    catalog,
    changePlan,
    read,
    /** Every file that the session may edit, as it is now. */
    contents: () => files.map(read),
    catalogStages: () => readFileSync(join(catalog, 'models/nova-v1/stages.yaml'), 'utf8'),
    changeConfig: (change: (yaml: string) => string) =>
      writeFileSync(join(catalog, 'models/nova-v1/config.yaml'), change(CONFIG)),
  };
}

export type ApplyWorld = Awaited<ReturnType<typeof applyWorld>>;

/** The same session as if it had been started on the checkout as it is now. */
export async function atHead(world: ApplyWorld): Promise<ApplyWorld> {
  const { sha, treeFingerprint } = await readSessionTree({
    repoRoot: world.root,
    runDir: world.runDir,
    catalogDir: world.catalog,
  });
  world.changePlan({
    calibration_git_sha: sha,
    git_sha: sha,
    tree_fingerprint: treeFingerprint,
    file_sha256: { [TEST_FILE]: sha256(world.read(TEST_FILE)) },
  });
  for (let repeat = 1; repeat <= 3; repeat += 1) {
    writeRepeat({ runDir: world.runDir, sha, legacy: false }, repeat);
  }
  return world;
}

async function makeCatalog(repoRoot: string): Promise<string> {
  const folder = temporaryFolder();
  const file = join(folder, 'models/nova-v1/config.yaml');
  writeText(file, CONFIG);
  const { value: config } = parseModelConfig({ file, yaml: CONFIG, directoryName: 'nova-v1' });
  const output = join(folder, 'models/nova-v1/stages.yaml');
  await updateStagesFile({ repoRoot, config, output, stage: null, checkOnly: false });
  return folder;
}

/** What the worst of three writes, by file. */
export const APPLIED = {
  accuracy: (text: string) => text.replace('= 0.50  #', '= 0.56  #'),
  speed: (text: string) =>
    text.replace('"throughput_qps": 4.2,', '"throughput_qps": 4.3849,').replace('2.5}', '2.1814}'),
};
