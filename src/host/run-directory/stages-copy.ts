import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, resolve } from 'node:path';

import type { CellFile, RunSnapshot } from '../../domain/audit/strict.ts';
import { CalibError } from '../../domain/calib-error.ts';
import type { Plan } from '../../domain/session/session-plan.ts';
import type { StageDefinition } from '../../domain/stages/stage.ts';
import { parseStagesYaml } from '../../domain/stages/stages-yaml.ts';
import { messageOf } from '../../domain/text.ts';
import { isAbsent, sha256Of } from './files.ts';
import { runPaths } from './paths.ts';
import { readPlan } from './plan-file.ts';
import { readCell } from './read-repeat.ts';

/** A `stages.yaml` as it stands on disk. */
export interface StagesText {
  path: string;
  text: string;
  /** Of its bytes, hex. */
  sha256: string;
}

/**
 * The stage definitions that a directory means: its own copy, or (a v0.6.0 directory has none) the file that its plan
 * names.
 *
 * @throws CalibError when there is none, or when the copy is not the one whose hash the plan records: edited
 * definitions   would change what the audits say of a finished session
 */
export async function readStagesText(runDir: string, plan: Plan): Promise<StagesText> {
  const named = plan.stages_yaml;
  const copy = runPaths.stagesYaml(runDir);
  const candidates = [
    copy,
    ...(named === undefined
      ? []
      : [isAbsolute(named) ? named : resolve(plan.repo_root ?? dirname(runDir), named)]),
  ];
  for (const path of candidates) {
    const found = await readStagesFile(path);
    if (found === null) continue;
    const recorded = plan.stages_yaml_sha256;
    if (recorded !== undefined && recorded !== found.sha256) throw otherStages(copy, path);
    return found;
  }
  throw new CalibError('invalid-input', `no stage definitions: none of ${candidates.join(', ')} exists`, {
    remedy: `put the stages.yaml that the session was planned with at ${copy}`,
  });
}

/** @throws CalibError naming the file when it is there but cannot be read; null when it is not there */
export async function readStagesFile(path: string): Promise<StagesText | null> {
  try {
    const bytes = await readFile(path);
    return { path, text: bytes.toString('utf8'), sha256: sha256Of(bytes) };
  } catch (error) {
    if (isAbsent(error)) return null;
    throw new CalibError('invalid-input', `cannot read ${path}: ${messageOf(error)}`, {
      remedy: 'check its permissions and its disk',
      cause: error,
    });
  }
}

/**
 * The planned stages in plan order.
 *
 * @throws CalibError when the text is not valid or lacks one of them
 */
export function plannedStages(runDir: string, plan: Plan, found: StagesText): StageDefinition[] {
  const known = new Map(parseStagesYaml(found.text, found.path).map((stage) => [stage.key, stage]));
  return plan.stages.map((key) => {
    const stage = known.get(key);
    if (stage !== undefined) return stage;
    throw new CalibError(
      'invalid-input',
      `stage ${key} of ${runPaths.plan(runDir)} is not in ${found.path}`,
      { remedy: `put the stages.yaml that the session was planned with at ${runPaths.stagesYaml(runDir)}` },
    );
  });
}

function otherStages(copy: string, found: string): CalibError {
  const what =
    found === copy ? 'it was edited' : `there is no ${copy}, and the catalog has changed since it was taken`;
  return new CalibError('invalid-input', `${found} is not the file that plan.json records: ${what}`, {
    remedy: `put the recorded one back at ${copy} (earlier versions are kept beside it); to correct a definition, correct the catalog's stages.yaml and resume the session`,
  });
}

/**
 * Everything that the audits, the report and the apply plan need of a run directory, calib's or v0.6.0's; safe while
 * a session is writing to it (no GPU, no catalog, no server).
 *
 * @throws CalibError when `plan.json` or the stage definitions are missing or corrupt; a bad `run{k}.json` is a cell.
 */
export async function readRunDirectory(runDir: string): Promise<RunSnapshot> {
  const { plan, stages } = await readDefinitions(runDir);
  const cells: Record<string, CellFile[]> = {};
  for (const stage of stages) {
    const place = { runDir, stage: stage.key, ...recordsOf(plan, stage.key) };
    const files: CellFile[] = [];
    for (let repeat = 1; repeat <= plan.repeats; repeat += 1) {
      files.push(await readCell({ ...place, repeat }));
    }
    cells[stage.key] = files;
  }
  return { run_dir: runDir, plan, stages, cells };
}

/** How the records of a stage are told from foreign ones: see `ReadCellOptions`. */
function recordsOf(plan: Plan, stage: string): { unit?: string; markers: 'required' | 'optional' } {
  const unit = plan.units?.find((each) => each.stages.includes(stage))?.namespace;
  const markers = plan.session_id === undefined ? 'optional' : 'required';
  return unit === undefined ? { markers: 'optional' } : { unit, markers };
}

/**
 * Plan and planned stages of a run directory, without its records. They belong together; while a corrected
 * `stages.yaml` is taken over they are read once more.
 *
 * @throws CalibError as `readRunDirectory`
 */
export async function readDefinitions(runDir: string): Promise<{ plan: Plan; stages: StageDefinition[] }> {
  const read = async () => {
    const plan = await readPlan(runDir);
    return { plan, stages: plannedStages(runDir, plan, await readStagesText(runDir, plan)) };
  };
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof CalibError)) throw error;
    return await read();
  }
}
