import { readFile } from 'node:fs/promises';

import { CalibError } from '../../domain/calib-error.ts';
import type { ModelConfig } from '../../domain/catalog/model-config.ts';
import type { HostDevice } from '../../domain/discovery/device-row.ts';
import { utcTimestamp } from '../../domain/text.ts';
import type { StageDiscovery } from '../../domain/discovery/discover-stages.ts';
import {
  areSameStages,
  diffStages,
  keepDiscoveryTimes,
  replaceStageBlock,
} from '../../domain/stages/update-stages.ts';
import type { StageDefinition } from '../../domain/stages/stage.ts';
import { parseStagesYaml, renderStagesYaml } from '../../domain/stages/stages-yaml.ts';
import { writeFileAtomic } from '../run-directory/files.ts';
import { discoverModel } from './discover-model.ts';

export interface UpdateStagesOptions {
  /** Absolute path of the checkout. */
  repoRoot: string;
  config: ModelConfig;
  /** As for `discoverModel`. */
  host?: HostDevice | null;
  /** Absolute path of the `stages.yaml` to write or compare with. */
  output: string;
  /** Only this stage's block is written; null = the whole file. */
  stage: string | null;
  /** Compare and write nothing. */
  checkOnly: boolean;
  now: Date;
}

/**
 * `refused`: a file or the config is wrong, nothing was written. `stale`: only compared, and the file is out of date.
 */
export type UpdateOutcome = 'written' | 'unchanged' | 'stale' | 'refused';

export interface StagesUpdate {
  outcome: UpdateOutcome;
  discovery: StageDiscovery;
  /** What differs from the file as it was, one line each; empty when nothing does (times aside). */
  diff: string[];
}

/**
 * Runs discovery and brings `stages.yaml` up to date: atomically, and only if something other than the times
 * changed. Unchanged stages keep their time.
 *
 * @throws CalibError `invalid-input` for an unknown `stage`, or where an existing file that must be read is invalid
 */
export async function updateStagesFile(options: UpdateStagesOptions): Promise<StagesUpdate> {
  const { repoRoot, config, output, stage, checkOnly, now } = options;
  const found = await discoverModel({
    repoRoot,
    config,
    host: options.host ?? null,
    discoveredAt: utcTimestamp(now),
  });
  if (found.findings.some((finding) => finding.severity === 'error')) {
    return { outcome: 'refused', discovery: found, diff: [] };
  }
  const text = await readFile(output, 'utf8').catch(() => null);
  const recorded = recordedStages({ text, output, mustParse: checkOnly || stage !== null });
  const discovery = { ...found, stages: keepDiscoveryTimes(found.stages, recorded) };
  const newText = stage === null ? null : oneBlock({ text, output, stage, stages: discovery.stages });
  const chosen = (stages: readonly StageDefinition[]) =>
    stages.filter((one) => stage === null || one.key === stage);
  const isSame = areSameStages(chosen(recorded), chosen(discovery.stages));
  const diff = isSame ? [] : diffStages(chosen(recorded), chosen(discovery.stages));
  if (isSame && text !== null) {
    return { outcome: 'unchanged', discovery, diff };
  }
  if (checkOnly) {
    return { outcome: 'stale', discovery, diff };
  }
  await writeFileAtomic(output, newText ?? renderStagesYaml(discovery.stages), { mode: 0o644 });
  return { outcome: 'written', discovery, diff };
}

/** An unreadable file is simply replaced when the whole of it is written anew. */
function recordedStages(file: {
  text: string | null;
  output: string;
  mustParse: boolean;
}): StageDefinition[] {
  try {
    return file.text === null ? [] : parseStagesYaml(file.text, file.output);
  } catch (error) {
    if (file.mustParse || !(error instanceof CalibError)) {
      throw error;
    }
    return [];
  }
}

function oneBlock(block: {
  text: string | null;
  output: string;
  stage: string;
  stages: readonly StageDefinition[];
}): string {
  const { text, output, stage, stages } = block;
  if (text === null) {
    throw new CalibError('invalid-input', `${output}: does not exist, so no block of it can be updated`, {
      remedy: 'run discover without --stage first: it writes all stages',
    });
  }
  return replaceStageBlock({ text, key: stage, discovered: stages });
}
