import { haltDetailLines } from '../observation/explain-halt.ts';
import { readinessOfMatrix } from '../audit/strict-audit.ts';
import { matrixFromState } from './matrix.ts';
import { markOf, passOfBudget } from './schedule.ts';
import type { SessionPlan, Unit } from './session-plan.ts';
import type { HaltCause, SessionState } from './session-state.ts';
import { strictCounts } from './session-view.ts';

/**
 * Lines fit for a workflow's result, details and state: at most 100 of at most 300 characters where nothing else is
 * said, the last saying what is left out.
 */
export function boundedLines(
  lines: readonly string[],
  { mostLines = 100, mostCharacters = 300 }: { mostLines?: number; mostCharacters?: number } = {},
): string[] {
  const short = lines.map((line) =>
    line.length > mostCharacters ? `${line.slice(0, mostCharacters - 1)}…` : line,
  );
  if (short.length <= mostLines) return short;
  return [...short.slice(0, mostLines - 1), `… and ${short.length - mostLines + 1} more`];
}

const mostMissing = 20;

/** What a session found valid in its directory and does not run again. */
export function skippedMilestones(plan: SessionPlan, state: SessionState): string[] {
  return repeatsMarked(plan, state, 'd').map(
    ({ unit, repeat }) =>
      `[${unit.namespace}] run ${repeat}/${plan.repeats} skipped (complete, ${unit.stages.length} stage(s))`,
  );
}

/** The end of one pass and what the next one takes up. To be asked for when the next one has begun. */
export function passMilestones(plan: SessionPlan, state: SessionState): string[] {
  const retried = repeatsMarked(plan, state, '.');
  const pass = passOfBudget(state);
  return [
    `completeness after pass ${pass - 1}: ${counts(plan, state)}`,
    `${retried.length} incomplete, taken up again in the next pass`,
    ...retried.map(
      ({ unit, repeat }) =>
        `=== calibration pass ${pass}/${plan.policies.max_passes}: retry ${unit.namespace} run ${repeat} ===`,
    ),
  ];
}

/** Why nothing more is launched although cells are missing. */
export function incompleteMilestones(plan: SessionPlan, state: SessionState): string[] {
  const { ok, total, missing } = readinessOfMatrix(matrixFromState(plan, state)).completeness;
  const shown = missing
    .slice(0, mostMissing)
    .map((each) => `  ${each.stage_key}/run${each.run}: ${each.reason}`);
  return [
    `error: calibration incomplete (${ok}/${total}). Missing ${missing.length} stage-run(s):`,
    ...shown,
    ...(missing.length > mostMissing ? [`  … and ${missing.length - mostMissing} more`] : []),
    resumeHint(plan),
  ];
}

/** What a HALT leaves in `run.log`. */
export function haltMilestones(plan: SessionPlan, state: SessionState, cause: HaltCause): string[] {
  return [
    `HALT: ${cause.text}`,
    ...haltDetailLines(cause),
    `completeness at HALT: ${counts(plan, state)}`,
    resumeHint(plan),
  ];
}

function resumeHint({ session_id }: SessionPlan): string {
  return `fix the cause, then: calib signal ${session_id} resume`;
}

function counts(plan: SessionPlan, state: SessionState): string {
  const { strict, total } = strictCounts(plan, state);
  return `${strict}/${total} stage-runs complete`;
}

function repeatsMarked(
  plan: SessionPlan,
  state: SessionState,
  mark: 'd' | '.',
): { unit: Unit; repeat: number }[] {
  const found: { unit: Unit; repeat: number }[] = [];
  for (let repeat = 1; repeat <= plan.repeats; repeat += 1) {
    for (const unit of plan.units) {
      if (markOf(state, { namespace: unit.namespace, repeat }) === mark) found.push({ unit, repeat });
    }
  }
  return found;
}
