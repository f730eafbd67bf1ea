import type { AuditCell, AuditMatrix } from '../audit/matrix.ts';
import type { ProvenanceFindings } from '../audit/provenance.ts';
import type { StrictCell, StrictSymbol } from '../audit/strict.ts';
import { cutText } from '../untrusted/cut-text.ts';
import { markOf, type RepeatId, repeatKey, setMark } from './schedule.ts';
import type { PlannedStage, SessionPlan } from './session-plan.ts';
import type { RepeatOutcome, SessionState } from './session-state.ts';

/**
 * Writes what a repeat yielded into the matrix and the schedule. Changes `state`.
 *
 * @param launches what this stretch of attempts cost, as far as the caller knows better than the last outcome
 */
export function recordOutcome(
  state: SessionState,
  id: RepeatId,
  outcome: RepeatOutcome,
  launches: number = outcome.launches,
): void {
  recordCells(state, id, outcome.cells);
  state.launches += launches;
  const key = repeatKey(id);
  const before = state.open[key];
  const spent = (before?.launches ?? 0) + launches;
  switch (outcome.kind) {
    case 'complete':
      setMark(state, id, 'd');
      delete state.open[key];
      // Found complete on disk: nothing was run, so nothing was timed.
      if (outcome.duration_s > 0) addDuration(state, id.namespace, outcome.duration_s);
      break;
    case 'incomplete':
    case 'exhausted': {
      const alike = before?.reason === cutText(outcome.reason, 1000) ? before.passes_alike : 0;
      state.open[key] = { reason: cutText(outcome.reason, 1000), passes_alike: alike + 1, launches: spent };
      setMark(state, id, 'o');
      break;
    }
    // A smoke's; `recordSeen` takes it.
    case 'seen':
      break;
    case 'halt':
      state.open[key] = { reason: cutText(outcome.cause.text, 1000), passes_alike: 1, launches: spent };
      setMark(state, id, 'h');
      break;
  }
}

/** Shows what the latest launch of a repeat yielded, before the repeat's outcome is final. */
export function recordCells(state: SessionState, id: RepeatId, cells: Record<string, StrictCell>): void {
  for (const [stage, cell] of Object.entries(cells)) setCell(state, stage, id.repeat, cell);
}

/** Why a cell is not ✓ where the state holds no reason for it: most cells of a young session, so that it stays small. */
export const unrunReason = 'missing file';

/** Sets one cell of the strict matrix. What an audit found about the record that stood there before is void then. */
export function setCell(state: SessionState, stage: string, repeat: number, cell: AuditCell): void {
  forgetFindings(state, `${stage}/run${repeat}`);
  setIncomplete(state, { stage, repeat, cell });
  const symbols = [...(state.symbols[stage] ?? '')];
  symbols[repeat - 1] = cell.symbol;
  state.symbols[stage] = symbols.join('');
  const reasons = (state.reasons[stage] ??= {});
  if (cell.symbol === '✓' || cell.reason === unrunReason) delete reasons[String(repeat)];
  else reasons[String(repeat)] = cutText(cell.reason);
}

function forgetFindings(state: SessionState, name: string): void {
  const others = (entries: string[]): string[] =>
    entries.filter((entry) => entry !== name && !entry.startsWith(`${name}: `));
  const { missing_sha, mismatches, altered = [] } = state.provenance;
  state.provenance = {
    missing_sha: others(missing_sha),
    mismatches: others(mismatches),
    altered: others(altered),
  };
}

function setIncomplete(
  state: SessionState,
  { stage, repeat, cell }: { stage: string; repeat: number; cell: AuditCell },
): void {
  const { incomplete } = cell;
  const follows = incomplete === undefined || incomplete === (cell.symbol === '✓' ? null : cell.reason);
  if (!follows) (state.incomplete[stage] ??= {})[String(repeat)] = incomplete;
  else delete state.incomplete[stage]?.[String(repeat)];
}

function addDuration(state: SessionState, namespace: string, seconds: number): void {
  const known = (state.durations[namespace] ??= { sum_s: 0, count: 0 });
  known.sum_s += seconds;
  known.count += 1;
}

/** The audits' input from a running session: the same documents come out as from its run directory. */
export function matrixFromState(plan: SessionPlan, state: SessionState): AuditMatrix {
  return {
    model: plan.model,
    repeats: plan.repeats,
    calibration_git_sha: plan.git_sha,
    stages: plan.stages.map((stage) => ({
      stage_key: stage.key,
      expected_samples: expectedSamples(state, stage),
      // Without a look-up of a global per cell: in a workflow's context they cost seven times the rest.
      cells: [...(state.symbols[stage.key] ?? '')].map((symbol, index) =>
        cell(state, { stage: stage.key, repeat: `${index + 1}`, symbol: symbol as StrictSymbol }),
      ),
    })),
    provenance: state.provenance,
  };
}

function cell(
  state: SessionState,
  { stage, repeat, symbol }: { stage: string; repeat: string; symbol: StrictSymbol },
): AuditCell {
  const reason = symbol === '✓' ? '' : (state.reasons[stage]?.[repeat] ?? unrunReason);
  const incomplete = state.incomplete[stage]?.[repeat];
  return incomplete === undefined ? { symbol, reason } : { symbol, reason, incomplete };
}

/** A corrected `stages.yaml` may have taken the number away, which is not the same as not knowing it. */
function expectedSamples(state: SessionState, stage: PlannedStage): number | null {
  const audited = state.expected_samples?.[stage.key];
  return audited === undefined ? stage.expected_samples : audited;
}

/** The strict matrix as it stands on disk. */
export interface DiskAudit {
  /** By stage key: N cells, index k − 1. */
  cells: Record<string, AuditCell[]>;
  provenance: ProvenanceFindings;
  /** Highest pass that an attempt on disk bears; absent where none does, or where nobody looked. */
  last_pass?: number;
  /** By stage key, where a corrected `stages.yaml` may say otherwise than the plan. */
  expected_samples?: Record<string, number | null>;
}

/**
 * Makes matrix and schedule agree with the disk: a repeat is done iff every stage of its unit is valid there. Running
 * repeats are left alone. Changes `state`.
 */
export function syncMatrix(plan: SessionPlan, state: SessionState, audit: DiskAudit): void {
  if (audit.expected_samples !== undefined) state.expected_samples = audit.expected_samples;
  for (const unit of plan.units) {
    for (let repeat = 1; repeat <= plan.repeats; repeat += 1) {
      const id = { namespace: unit.namespace, repeat };
      if (markOf(state, id) === 'r') continue;
      const cells = unit.stages.map((stage) => audit.cells[stage]?.[repeat - 1]);
      unit.stages.forEach((stage, index) => {
        setCell(state, stage, repeat, cells[index] ?? { symbol: '—', reason: 'missing file' });
      });
      const valid = cells.every((cell) => cell?.symbol === '✓' && !cell.incomplete);
      if (valid) {
        setMark(state, id, 'd');
        delete state.open[repeatKey(id)];
      } else if (markOf(state, id) === 'd') setMark(state, id, '.');
    }
  }
  state.provenance = audit.provenance;
}
