import { CalibError } from '../domain/calib-error.ts';
import { matrixFromSnapshot } from '../domain/audit/audit-matrix.ts';
import type { Plan } from '../domain/plan/plan.ts';
import type { Unit } from '../domain/plan/unit.ts';
import type { DiskAudit } from '../domain/session/take-disk-audit.ts';
import type { StageDefinition } from '../domain/stages/stage.ts';
import { readRunDirectory } from '../host/run-directory/read-run-directory.ts';

/** A plan with everything that calib appends (a directory of the original tool is completed when it is adopted). */
export interface SessionFiles {
  plan: Plan & { session_id: string; repo_root: string; tree_fingerprint: string; venv_python: string };
  /** The planned stages in plan order. */
  stages: StageDefinition[];
}

/** @throws CalibError when the directory is no session of calib's */
export async function readSessionFiles(runDir: string): Promise<SessionFiles> {
  const { plan, stages } = await readRunDirectory(runDir);
  const { session_id, repo_root, tree_fingerprint, venv_python } = plan;
  if (!session_id || !repo_root || !tree_fingerprint || !venv_python) {
    throw new CalibError('invalid-input', `${runDir}/plan.json was not written by calib`, {
      remedy: 'carry it on with `calib start --resume --output-dir`',
    });
  }
  return { plan: { ...plan, session_id, repo_root, tree_fingerprint, venv_python }, stages };
}

/** @throws CalibError when the plan has no such unit */
export function unitOf(plan: Plan, namespace: string): Unit {
  const unit = plan.units?.find((each) => each.namespace === namespace);
  if (unit !== undefined) return unit;
  throw new CalibError('invalid-input', `no unit ${namespace} in the session's plan`);
}

/** The strict matrix as it stands on disk. */
export async function auditDirectory(runDir: string): Promise<DiskAudit> {
  const matrix = matrixFromSnapshot(await readRunDirectory(runDir));
  return {
    cells: Object.fromEntries(matrix.stages.map((stage) => [stage.stage_key, stage.cells])),
    provenance: matrix.provenance,
  };
}
