import type { CellFile, RunSnapshot } from '../../domain/audit/run-snapshot.ts';
import { CalibError } from '../../domain/calib-error.ts';
import type { Plan } from '../../domain/plan/plan.ts';
import type { StageDefinition } from '../../domain/stages/stage.ts';
import { readCell } from './read-cell.ts';
import { readPlan } from './read-plan.ts';
import { plannedStages, readStagesText } from './stages-copy.ts';

/**
 * Everything that the audits, the report and the apply plan need of a run directory, calib's or v0.6.0's; safe while
 * a session is writing to it (spec 06 §4: no GPU, no catalog, no server).
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
 * Plan and planned stages of a run directory, without its records. They belong together; while a corrected `stages.yaml` is
 * taken over they are read once more.
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
