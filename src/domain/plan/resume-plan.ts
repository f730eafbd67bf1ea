import { type Plan, sessionCommit } from './plan.ts';
import type { Unit } from './unit.ts';

/** What the operator asks for and what the machine is now; absent means "as in the plan". */
export interface ResumeRequest {
  /** Full hash of HEAD. */
  head: string;
  dirty: boolean;
  /** `YYYY-MM-DDTHH:MM:SSZ`. */
  at: string;
  model: string;
  stages_yaml_sha256: string;
  stages?: readonly string[];
  repeats?: number;
  host?: string | null;
  venv_python?: string;
  tree_fingerprint?: string;
  /** Units of the plan's stages; needed for directories of the original tool, whose plans have none. */
  units?: readonly Unit[];
}

export type ResumeDecision =
  | {
      kind: 'accepted';
      /** The plan to write back. */
      plan: Plan;
      /** Stages to execute first: whole units of the plan, in plan order. A session is complete with all of them only. */
      stages: string[];
      /** Lines for `run.log`. */
      notes: string[];
      /** What differs without forbidding the resume. */
      warnings: string[];
    }
  | { kind: 'refused'; message: string; remedy: string };

/**
 * Whether a run directory may be continued, and with what (spec 05 §5): same commit, same model, same stage
 * definitions, a subset of the plan's stages. The plan's number of repeats always wins.
 */
export function resumePlan(plan: Plan, request: ResumeRequest): ResumeDecision {
  const refused = mismatch(plan, request) ?? unknownStages(plan, request) ?? changedUnits(plan, request);
  if (refused !== null) return refused;
  const stages = wholeUnits(plan, request);
  const notes =
    stages.length < plan.stages.length
      ? [
          `resume: executing subset ${stages.join(', ')} of ${plan.stages.length} planned stages first, then the rest`,
        ]
      : [];
  return {
    kind: 'accepted',
    plan: {
      ...plan,
      calibration_started_at: plan.calibration_started_at ?? plan.timestamp,
      calibration_git_sha: sessionCommit(plan),
      git_sha: sessionCommit(plan),
      dirty: request.dirty,
      last_resume_at: request.at,
      last_resume_git_sha: request.head,
    },
    stages,
    notes,
    warnings: differences(plan, request),
  };
}

const startFresh = 'start a fresh session; resume is only for the same interrupted session';

function mismatch(plan: Plan, request: ResumeRequest): ResumeDecision | null {
  const commit = sessionCommit(plan);
  if (commit !== request.head) {
    return refuse(
      `HEAD is ${request.head}, the session observes ${commit || 'no commit'}`,
      commit === '' ? startFresh : `check out ${commit}, or ${startFresh}`,
    );
  }
  if (plan.model !== request.model) {
    return refuse(`the session calibrates model ${plan.model}, not ${request.model}`, startFresh);
  }
  const recorded = plan.stages_yaml_sha256;
  if (recorded !== undefined && recorded !== request.stages_yaml_sha256) {
    return refuse(
      `stages.yaml has changed since the session started (${recorded.slice(0, 12)} then, ` +
        `${request.stages_yaml_sha256.slice(0, 12)} now)`,
      `restore it, or ${startFresh}`,
    );
  }
  const tree = plan.tree_fingerprint;
  if (tree !== undefined && request.tree_fingerprint !== undefined && tree !== request.tree_fingerprint) {
    return refuse(
      'the work tree is not the one that the session observes, although HEAD is',
      `restore the files as in workspace.diff, or ${startFresh}`,
    );
  }
  return null;
}

function unknownStages(plan: Plan, request: ResumeRequest): ResumeDecision | null {
  const unknown = (request.stages ?? []).filter((stage) => !plan.stages.includes(stage));
  if (unknown.length === 0) return null;
  return refuse(
    `not in the session's plan: ${unknown.join(', ')}`,
    `choose from ${plan.stages.join(', ')}, or leave --stages out for all of them`,
  );
}

/** All repeats of a unit are one kind of invocation, or the worst of them says nothing. */
function changedUnits(plan: Plan, request: ResumeRequest): ResumeDecision | null {
  for (const before of request.units === undefined ? [] : (plan.units ?? [])) {
    const now = request.units?.find((unit) => unit.namespace === before.namespace);
    const what = now === undefined ? 'no longer exists' : unitDifference(before, now);
    if (what === null) continue;
    return refuse(
      `unit ${before.namespace} ${what} since the session started`,
      `restore the model's config.yaml, or ${startFresh}`,
    );
  }
  return null;
}

function unitDifference(before: Unit, now: Unit): string | null {
  const text = (unit: Unit, key: keyof Unit): string =>
    JSON.stringify(key === 'env' ? Object.entries(unit.env).sort(([a], [b]) => (a < b ? -1 : 1)) : unit[key]);
  const differing = (['test', 'env', 'stages', 'pytest_args', 'gpus'] as const).filter(
    (key) => text(before, key) !== text(now, key),
  );
  return differing.length === 0 ? null : `has changed (${differing.join(', ')})`;
}

/** Stages of one unit are always run together: one repeat must not mix two pytest invocations. */
function wholeUnits(plan: Plan, request: ResumeRequest): string[] {
  const asked = new Set(request.stages ?? plan.stages);
  for (const unit of plan.units ?? request.units ?? []) {
    if (unit.stages.some((stage) => asked.has(stage))) {
      for (const stage of unit.stages) asked.add(stage);
    }
  }
  return plan.stages.filter((stage) => asked.has(stage));
}

function differences(plan: Plan, request: ResumeRequest): string[] {
  const warnings: string[] = [];
  if (request.repeats !== undefined && request.repeats !== plan.repeats) {
    warnings.push(`${request.repeats} repeats asked for; the plan's ${plan.repeats} are used`);
  }
  if (plan.host !== undefined && request.host !== undefined && plan.host !== request.host) {
    warnings.push(`host profile is ${request.host ?? 'none'}; the session began on ${plan.host ?? 'none'}`);
  }
  const python = plan.venv_python;
  if (python !== undefined && request.venv_python !== undefined && python !== request.venv_python) {
    warnings.push(`interpreter is ${request.venv_python}; the session began with ${python}`);
  }
  return warnings;
}

function refuse(message: string, remedy: string): ResumeDecision {
  return { kind: 'refused', message, remedy };
}
