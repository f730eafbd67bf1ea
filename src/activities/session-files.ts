import { CalibError } from '../domain/calib-error.ts';
import { matrixFromSnapshot } from '../domain/audit/audit-matrix.ts';
import type { Plan } from '../domain/plan/plan.ts';
import type { Unit } from '../domain/plan/unit.ts';
import type { DiskAudit } from '../domain/session/take-disk-audit.ts';
import type { StageDefinition } from '../domain/stages/stage.ts';
import { readDefinitions, readRunDirectory } from '../host/run-directory/read-run-directory.ts';
import { goneDirectory } from '../host/run-directory/run-log.ts';

/** A plan with everything that calib appends (a directory of the original tool is completed when it is adopted). */
export type SessionPlanFile = Plan & {
  session_id: string;
  repo_root: string;
  tree_fingerprint: string;
  venv_python: string;
};

export interface SessionFiles {
  plan: SessionPlanFile;
  /** The planned stages in plan order. */
  stages: StageDefinition[];
}

/** @throws CalibError when the directory is gone or is no session of calib's */
export async function readSessionFiles(runDir: string): Promise<SessionFiles> {
  const { plan, stages } = await orGone(runDir, readDefinitions(runDir));
  return { plan: sessionPlanFile(runDir, plan), stages };
}

/**
 * Turns "no plan.json" into a failure that is not repeated: a later look would not find it either, so the session is to say
 * so.
 *
 * @throws CalibError `refused` when the directory has no plan
 */
export async function orGone<T>(runDir: string, reading: Promise<T>): Promise<T> {
  return await reading.catch((error: unknown) => {
    const missing = error instanceof CalibError && error.code === 'not-ready';
    throw missing ? goneDirectory(runDir, error) : error;
  });
}

/** @throws CalibError when the plan lacks what calib adds to it */
export function sessionPlanFile(runDir: string, plan: Plan): SessionPlanFile {
  const { session_id, repo_root, tree_fingerprint, venv_python } = plan;
  if (!session_id || !repo_root || !tree_fingerprint || !venv_python) {
    throw new CalibError('invalid-input', `${runDir}/plan.json was not written by calib`, {
      remedy: 'carry it on with `calib start --resume --output-dir`',
    });
  }
  return { ...plan, session_id, repo_root, tree_fingerprint, venv_python };
}

/** @throws CalibError when the plan has no such unit */
export function unitOf(plan: Plan, namespace: string): Unit {
  const unit = plan.units?.find((each) => each.namespace === namespace);
  if (unit !== undefined) return unit;
  throw new CalibError('invalid-input', `no unit ${namespace} in the session's plan`, {
    remedy: `it has ${(plan.units ?? []).map((each) => each.namespace).join(', ') || 'none'}`,
  });
}

/** The strict matrix as it stands on disk. */
export async function auditDirectory(runDir: string): Promise<DiskAudit> {
  const matrix = matrixFromSnapshot(await orGone(runDir, readRunDirectory(runDir)));
  return {
    expected_samples: Object.fromEntries(
      matrix.stages.map((stage) => [stage.stage_key, stage.expected_samples]),
    ),
    cells: Object.fromEntries(matrix.stages.map((stage) => [stage.stage_key, stage.cells])),
    provenance: matrix.provenance,
  };
}
