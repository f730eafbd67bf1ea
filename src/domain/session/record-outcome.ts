import type { AuditCell } from '../audit/audit-matrix.ts';
import type { StrictCell } from '../audit/strict-cell.ts';
import type { RepeatOutcome } from './repeat-outcome.ts';
import { type RepeatId, repeatKey, setMark } from './schedule.ts';
import type { SessionState } from './session-state.ts';

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
      const alike = before?.reason === outcome.reason ? before.passes_alike : 0;
      state.open[key] = { reason: outcome.reason, passes_alike: alike + 1, launches: spent };
      setMark(state, id, 'o');
      break;
    }
    case 'halt':
      state.open[key] = { reason: outcome.cause.text, passes_alike: 1, launches: spent };
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
  else reasons[String(repeat)] = cell.reason;
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
  if (!follows) ((state.incomplete ??= {})[stage] ??= {})[String(repeat)] = incomplete;
  else delete state.incomplete?.[stage]?.[String(repeat)];
}

function addDuration(state: SessionState, namespace: string, seconds: number): void {
  const known = (state.durations[namespace] ??= { sum_s: 0, count: 0 });
  known.sum_s += seconds;
  known.count += 1;
}
