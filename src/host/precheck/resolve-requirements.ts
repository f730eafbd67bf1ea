import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { buildCatalogEnvironment } from '../../domain/catalog/environment.ts';
import type { ModelConfig } from '../../domain/catalog/model-config.ts';
import type { EnvOption } from '../../domain/catalog/env-option.ts';
import { baseName } from '../../domain/catalog/names.ts';
import type { PrecheckRequirements, RequirementHost } from '../../domain/precheck/requirements.ts';
import { type DatasetReferences, requiredDatasets, stageNeeds } from '../../domain/precheck/stage-needs.ts';
import type { StageDefinition } from '../../domain/stages/stage.ts';
import { readDatasetKeys, readDatasetTable } from '../../python/datasets.ts';
import type { LoadedHost } from '../catalog/open-catalog.ts';
import { expandGlob } from '../discovery/expand-glob.ts';

/** Where the reference suite names its datasets. */
const tableFile = 'benchmarks/dataset/prepare.py';

export interface CheckoutDatasets {
  references: DatasetReferences[];
  table: Record<string, string>;
}

/**
 * Which datasets the tests subscribe, and what those keys mean. A file that does not exist or does not
 * parse names none.
 *
 * @param tests repository-relative paths
 */
export async function readDatasetReferences(
  repoRoot: string,
  tests: readonly string[],
): Promise<CheckoutDatasets> {
  const source = (path: string) => readFile(join(repoRoot, path), 'utf8').catch(() => null);
  const [tableSource, ...references] = await Promise.all([
    source(tableFile),
    ...[...new Set(tests)].map(async (test): Promise<DatasetReferences> => {
      const text = await source(test);
      return { test, keys: text === null ? null : readDatasetKeys(text) };
    }),
  ]);
  return { references, table: tableSource === null ? {} : readDatasetTable(tableSource) };
}

export interface RequirementsQuestion {
  config: ModelConfig;
  /** All stages of the model; empty where `stages.yaml` does not exist yet. */
  catalogStages: readonly StageDefinition[];
  /** The selected ones, null for everything that is configured. */
  selected: readonly StageDefinition[] | null;
  host: LoadedHost | null;
  /** `--no-host` was given, or the session goes on without a profile. */
  hostDeclined: boolean;
  /** Absolute. */
  repoRoot: string;
  venvCandidates: readonly string[];
  /** What `--env` gives; absent without any. */
  envOption?: EnvOption;
}

/**
 * What a precheck has to ask of the machine, from catalog and checkout. Reads test files; decides
 * nothing about the machine.
 */
export async function resolveRequirements(question: RequirementsQuestion): Promise<PrecheckRequirements> {
  const { config, host, selected } = question;
  const scope = selected === null ? 'configured' : 'stages';
  const { gpusNeeded, speakerSimRequired, ...needs } = stageNeeds(question);
  const tests = [...new Set(await testsInScope(question))];
  const stated = tests.flatMap((test) => {
    const datasets = config.hf_datasets_by_test[baseName(test)];
    return datasets === undefined ? [] : [{ test, datasets }];
  });
  const { references, table } = await readDatasetReferences(
    question.repoRoot,
    tests.filter((test) => !stated.some((one) => one.test === test)),
  );
  const datasets = requiredDatasets({
    configured: config.hf_datasets,
    references,
    table,
    scope,
    stated: stated.map((one) => one.datasets),
  });
  const warmCache = host?.profile.speaker_similarity_bootstrap?.warm_cache;
  return {
    scope,
    ...needs,
    datasets: { required: datasets.required, optional: datasets.optional },
    unlisted_datasets: datasets.unlisted,
    warnings: datasets.warnings,
    jit_cache: config.jit_cache,
    launches: [...new Set(tests)].map((test) => ({
      test,
      args: config.pytest_extra_args[baseName(test)] ?? [],
    })),
    environment: buildCatalogEnvironment(config, host?.profile ?? null, question.envOption),
    gpus: {
      needed: gpusNeeded,
      model: host?.profile.gpu_model ?? null,
      count: host?.profile.gpu_count ?? null,
    },
    ...(config.ci_reference === undefined ? {} : { ci_reference: config.ci_reference }),
    speaker_sim: {
      required: speakerSimRequired,
      host_command: Boolean(warmCache?.command),
      hf_token_hint: warmCache?.hf_token ?? null,
    },
    venv_candidates: [...question.venvCandidates],
    host: host === null ? null : requirementHost(host),
    host_declined: question.hostDeclined,
  };
}

/** Standing alone, the tests that `stages.yaml` knows, or before discovery those that the globs match. */
async function testsInScope(question: RequirementsQuestion): Promise<string[]> {
  const { selected, catalogStages, config, repoRoot } = question;
  const stages = selected ?? catalogStages;
  if (stages.length > 0 || !existsSync(repoRoot)) {
    return stages.map(({ test }) => test);
  }
  const found = await Promise.all(config.test_globs.map((glob) => expandGlob(repoRoot, glob)));
  return found.flat();
}

function requirementHost({ name, file, profile }: LoadedHost): RequirementHost {
  return {
    name,
    file,
    repo_root: profile.repo_root ?? null,
    venv_python: profile.venv_python ?? null,
    hf_hub: profile.physical.hf_hub ?? null,
    speaker_sim: profile.physical.speaker_sim ?? null,
    omni_ci_home: profile.physical.omni_ci_home ?? null,
    checklist: checklistPaths(profile.precheck_checklist),
    goal: profile.handoff?.goal ?? null,
    run_dirs: profile.handoff?.run_dirs ?? [],
  };
}

/** Absolute paths under `paths` and `files`; the rest of the checklist is for people and has any shape. */
function checklistPaths(checklist: unknown): string[] {
  if (typeof checklist !== 'object' || checklist === null) {
    return [];
  }
  const lists: unknown[] = [Reflect.get(checklist, 'paths'), Reflect.get(checklist, 'files')];
  return lists
    .flatMap((list): unknown[] => (Array.isArray(list) ? list : []))
    .filter((path): path is string => typeof path === 'string' && path.startsWith('/'));
}
