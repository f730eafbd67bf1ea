import { realpath, stat } from 'node:fs/promises';

import { CalibError } from '../../domain/calib-error.ts';
import type { ModelConfig } from '../../domain/catalog/model-config.ts';
import { nearestName } from '../../domain/catalog/names.ts';
import type { HostDevice } from '../../domain/discovery/candidates/device-row.ts';
import {
  discoverStages,
  fileDiscoverer,
  type StageDiscovery,
} from '../../domain/discovery/discover-stages.ts';
import type { FileDiscovery } from '../../domain/discovery/discover-file.ts';
import { findingAt, type Finding } from '../../domain/discovery/finding.ts';
import { testFileName } from '../../domain/discovery/source.ts';
import type { ReadSource } from '../../domain/discovery/write-stage.ts';
import { expandGlob } from './expand-glob.ts';
import type { PythonFile } from './read-python-file.ts';
import { readPythonFiles } from './read-python.ts';

export interface DiscoverModelOptions {
  /** Absolute path of the checkout. */
  repoRoot: string;
  config: ModelConfig;
  /** What is known of the device that thresholds by device are for; absent without a host. */
  host?: HostDevice | null;
  /** `YYYY-MM-DDTHH:MM:SSZ`, for stages that are new or have changed. */
  discoveredAt: string;
}

/**
 * Discovers a model's stages in a checkout. Reads only below the repository root and never runs what it reads.
 * Problems of a file or a glob come back as findings of severity `error`; the other files are discovered all the same.
 *
 * @throws CalibError `invalid-input` when there is no such checkout
 */
export async function discoverModel(options: DiscoverModelOptions): Promise<StageDiscovery> {
  const { repoRoot, config, host = null, discoveredAt } = options;
  await requireFolder(repoRoot);
  const problems: Finding[] = [];
  const paths = await testPaths({ repoRoot, config, problems });
  const rules = { config, host, discoveredAt };
  const discover = fileDiscoverer(rules);
  const ready = new Map<string, FileDiscovery>();
  const tests = await readAll({
    repoRoot,
    paths,
    problems,
    onFile: (file) => {
      if (!('source' in file)) return;
      const { path } = file.source;
      const hasThresholds = config.metric_sources[testFileName(path)]?.threshold_file !== undefined;
      if (!hasThresholds) ready.set(path, discover(file.source, null));
    },
  });
  const thresholdPaths = paths.flatMap(
    (path) => config.metric_sources[testFileName(path)]?.threshold_file ?? [],
  );
  const thresholds = await readAll({ repoRoot, paths: [...new Set(thresholdPaths)], problems });
  const thresholdFiles = new Map(thresholds.map((source) => [source.path, source]));
  const discovery = discoverStages({ ...rules, tests, thresholdFiles }, ready);
  return { ...discovery, findings: [...problems, ...unmatchedEntries(config, paths), ...discovery.findings] };
}

async function requireFolder(path: string): Promise<void> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) {
    throw new CalibError('invalid-input', `${path}: no such folder, so there are no test files to read`, {
      remedy: 'give the checkout with --repo-root DIR (or TUNE_REPO_ROOT), or correct the host profile',
    });
  }
}

/** Globs in config order, matches sorted, each file once. */
async function testPaths(question: {
  repoRoot: string;
  config: ModelConfig;
  problems: Finding[];
}): Promise<string[]> {
  const { repoRoot, config, problems } = question;
  const paths = new Set<string>();
  if (config.test_globs.length === 0) {
    problems.push(
      configProblem('test_globs', 'the config names no test files', 'add the globs of the test files'),
    );
  }
  for (const glob of config.test_globs) {
    const matches = await expandGlob(repoRoot, glob);
    if (matches.length === 0) {
      const message = `the glob ${JSON.stringify(glob)} matches no file below ${repoRoot}`;
      problems.push(configProblem('test_globs', message, 'correct the glob, or give the right --repo-root'));
    }
    for (const path of matches) {
      paths.add(path);
    }
  }
  return [...paths];
}

function configProblem(key: string, message: string, remedy: string): Finding {
  return findingAt(null, { kind: 'glob-without-match', severity: 'error', file: key, message, remedy });
}

async function readAll(question: {
  repoRoot: string;
  paths: readonly string[];
  problems: Finding[];
  onFile?: (file: PythonFile) => void;
}): Promise<ReadSource[]> {
  const { repoRoot, paths, problems, onFile } = question;
  const sources: ReadSource[] = [];
  for (const file of await readPythonFiles({
    realRoot: await realpath(repoRoot),
    paths,
    ...(onFile === undefined ? {} : { onFile }),
  })) {
    if ('source' in file) {
      sources.push(file.source);
    } else {
      problems.push(file.finding);
    }
  }
  return sources;
}

/** Maps by test file in which an entry that belongs to no test file is most likely misspelt. */
const mapsByTestFile = [
  'metric_sources',
  'gpus_per_test',
  'extra_env',
  'pytest_extra_args',
  'hf_model_ids_by_test',
  'hf_datasets_by_test',
  'requires_speaker_sim_by_test',
  'requires_capabilities',
  'timeout_s_by_test',
] as const satisfies readonly (keyof ModelConfig)[];

function unmatchedEntries(config: ModelConfig, paths: readonly string[]): Finding[] {
  const names = new Set(paths.map(testFileName));
  return mapsByTestFile.flatMap((key) =>
    Object.keys(config[key])
      .filter((name) => !names.has(name))
      .map((name) => {
        const near = nearestName(name, [...names]);
        return findingAt(null, {
          kind: 'config-entry',
          severity: 'warning',
          file: `${key}.${name}`,
          message: `no test file of this name matches test_globs${near === null ? '' : `; did you mean ${near}?`}`,
        });
      }),
  );
}
