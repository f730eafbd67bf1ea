import { readFile } from 'node:fs/promises';

import { CalibError } from '../../domain/calib-error.ts';
import type { ModelConfig } from '../../domain/catalog/model-config.ts';
import type { HostDevice } from '../../domain/discovery/candidates/device-row.ts';
import type { StageDiscovery } from '../../domain/discovery/discover-stages.ts';
import type { StageDefinition } from '../../domain/stages/stage.ts';
import { lockOf, parseStagesYaml, renderStagesYaml, stagesFormat } from '../../domain/stages/stages-yaml.ts';
import { areSameStages, diffStages, replaceStageBlock } from '../../domain/stages/update-stages.ts';
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
}

/**
 * `refused`: a file or the config is wrong, nothing was written. `stale`: only compared, and the file is out of date.
 * `foreign`: the file is not calib's and stays as it is.
 */
export type UpdateOutcome = 'written' | 'unchanged' | 'stale' | 'refused' | 'foreign';

export interface StagesUpdate {
  outcome: UpdateOutcome;
  discovery: StageDiscovery;
  /** What differs from the file as it was, one line each; empty when nothing does. */
  diff: string[];
}

/**
 * Runs discovery and brings a model's `stages.yaml`, the reviewed lock of its stages' shape, up to date: atomically, and
 * only if something changed.
 *
 * @throws CalibError `invalid-input` for an unknown `stage`, or where an existing file that must be read is invalid
 */
export async function updateStagesFile(options: UpdateStagesOptions): Promise<StagesUpdate> {
  const { repoRoot, config, output, stage, checkOnly } = options;
  const discovery = await discoverModel({ repoRoot, config, host: options.host ?? null, discoveredAt: '' });
  if (discovery.findings.some((finding) => finding.severity === 'error')) {
    return { outcome: 'refused', discovery, diff: [] };
  }
  const text = await readFile(output, 'utf8').catch(() => null);
  const format = text === null ? 'current' : stagesFormat(text);
  if (format === 'foreign') return { outcome: 'foreign', discovery, diff: [] };
  const recorded = recordedStages({ text, output, mustParse: checkOnly || stage !== null });
  const found = lockOf(discovery.stages);
  const newText = stage === null ? null : oneBlock({ text, format, output, stage, recorded, stages: found });
  const chosen = (stages: readonly StageDefinition[]) =>
    stages.filter((one) => stage === null || one.key === stage);
  const isSame = areSameStages(chosen(recorded), chosen(found));
  const diff = isSame ? [] : diffStages(chosen(recorded), chosen(found));
  if (isSame && text !== null && (format === 'current' || checkOnly)) {
    return { outcome: 'unchanged', discovery, diff };
  }
  if (checkOnly) {
    return { outcome: 'stale', discovery, diff };
  }
  await writeFileAtomic(output, newText ?? renderStagesYaml(found), { mode: 0o644 });
  return { outcome: 'written', discovery, diff };
}

/** An unreadable file is simply replaced when the whole of it is written anew. */
function recordedStages(file: {
  text: string | null;
  output: string;
  mustParse: boolean;
}): StageDefinition[] {
  try {
    return file.text === null ? [] : lockOf(parseStagesYaml(file.text, file.output));
  } catch (error) {
    if (file.mustParse || !(error instanceof CalibError)) {
      throw error;
    }
    return [];
  }
}

function oneBlock(block: {
  text: string | null;
  format: ReturnType<typeof stagesFormat>;
  output: string;
  stage: string;
  recorded: readonly StageDefinition[];
  stages: readonly StageDefinition[];
}): string {
  const { text, format, output, stage, recorded, stages } = block;
  if (text === null) {
    throw new CalibError('invalid-input', `${output}: does not exist, so no block of it can be updated`, {
      remedy: 'run discover without --stage first: it writes all stages',
    });
  }
  const current = format === 'current' ? text : renderStagesYaml(recorded);
  return replaceStageBlock({ text: current, key: stage, discovered: stages });
}
