import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, resolve } from 'node:path';

import type { CellFile, RunSnapshot } from '../../domain/audit/run-snapshot.ts';
import { CalibError } from '../../domain/calib-error.ts';
import type { Plan } from '../../domain/plan/plan.ts';
import type { StageDefinition } from '../../domain/stages/stage.ts';
import { parseStagesYaml } from '../../domain/stages/parse-stages-yaml.ts';
import { isAbsent } from './file-entries.ts';
import { runPaths } from './paths.ts';
import { readCell } from './read-cell.ts';
import { readPlan } from './read-plan.ts';

/**
 * Everything that the audits, the report and the apply plan need of a run directory, calib's or v0.6.0's; safe while
 * a session is writing to it (spec 06 §4: no GPU, no catalogue, no server).
 *
 * @throws CalibError when `plan.json` or the stage definitions are missing or corrupt; a bad `run{k}.json` is a cell.
 */
export async function readRunDirectory(runDir: string): Promise<RunSnapshot> {
  const plan = await readPlan(runDir);
  const stages = await readPlannedStages(runDir, plan);
  const cells: Record<string, CellFile[]> = {};
  for (const stage of stages) {
    const files: CellFile[] = [];
    for (let repeat = 1; repeat <= plan.repeats; repeat += 1) {
      files.push(await readCell({ runDir, stage: stage.key, repeat }));
    }
    cells[stage.key] = files;
  }
  return { run_dir: runDir, plan, stages, cells };
}

async function readPlannedStages(runDir: string, plan: Plan): Promise<StageDefinition[]> {
  const { path, text } = await readStagesText(runDir, plan);
  const known = new Map(parseStagesYaml(text, path).map((stage) => [stage.key, stage]));
  return plan.stages.map((key) => {
    const stage = known.get(key);
    if (stage === undefined) {
      throw new CalibError('invalid-input', `stage ${key} of ${runPaths.plan(runDir)} is not in ${path}`, {
        remedy: `put the stages.yaml that the session was planned with at ${runPaths.stagesYaml(runDir)}`,
      });
    }
    return stage;
  });
}

/** The session's own copy; a v0.6.0 directory has none and names the catalogue's file instead. */
async function readStagesText(runDir: string, plan: Plan): Promise<{ path: string; text: string }> {
  const named = plan.stages_yaml;
  const candidates = [
    runPaths.stagesYaml(runDir),
    ...(named === undefined
      ? []
      : [isAbsolute(named) ? named : resolve(plan.repo_root ?? dirname(runDir), named)]),
  ];
  for (const path of candidates) {
    try {
      return { path, text: await readFile(path, 'utf8') };
    } catch (error) {
      if (!isAbsent(error)) {
        throw new CalibError('invalid-input', `cannot read ${path}: ${String(error)}`, { cause: error });
      }
    }
  }
  throw new CalibError('invalid-input', `no stage definitions: none of ${candidates.join(', ')} exists`, {
    remedy: `put the stages.yaml that the session was planned with at ${runPaths.stagesYaml(runDir)}`,
  });
}
