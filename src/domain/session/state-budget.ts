import { cutText, utf8Bytes } from '../untrusted/cut-text.ts';
import type { AuditCell } from '../audit/matrix.ts';
import { type DiskAudit, unrunReason } from './matrix.ts';
import type { SessionPlan } from './session-plan.ts';
import type { Phase, SessionState } from './session-state.ts';

/** Temporal refuses a payload of 2 MiB, after which a history could never be handed on: some room is left below it. */
const longestInputBytes = 1_900_000;

/** Lengths to which words for people are cut, one after another, until the state fits; the run directory keeps them whole. */
const lengths = [1000, 300, 100, 40, 1];
const mostReplies = 50;
const mostNotes = 20;

/**
 * The state as the next history gets it: small enough to be taken, together with the plan. Identities, marks and numbers
 * stay as they are; what only tells people something becomes shorter, the oldest answers and notes go.
 */
export function withinBudget(
  plan: SessionPlan,
  state: SessionState,
  budgetBytes = longestInputBytes,
): SessionState {
  const rest = budgetBytes - sizeOf(plan);
  let carried = state;
  for (const most of lengths) {
    if (sizeOf(carried) <= rest) return carried;
    carried = withWordsCut(carried, most);
  }
  if (sizeOf(carried) <= rest) return carried;
  const settled = carried.replies.filter((entry) => entry.settled).slice(-mostReplies);
  return {
    ...carried,
    notes: carried.notes.slice(-mostNotes),
    replies: carried.replies.filter((entry) => !entry.settled || settled.includes(entry)),
    warnings: [],
  };
}

/** An activity's result that stays below what a history takes, with room for the lists beside the cells. */
const longestAuditBytes = 1_400_000;

/** What stands on disk, small enough for one payload: of very many broken cells the reasons become shorter. */
export function auditWithinBudget(audit: DiskAudit, budgetBytes = longestAuditBytes): DiskAudit {
  let carried = audit;
  for (const most of lengths) {
    if (sizeOf(carried) <= budgetBytes) break;
    const cut = (text: string) => cutWords(text, most);
    const cells = Object.entries(carried.cells).map(([stage, row]): [string, AuditCell[]] => [
      stage,
      row.map((cell) => cutCell(cell, cut)),
    ]);
    carried = { ...carried, cells: Object.fromEntries(cells) };
  }
  return carried;
}

function cutCell(cell: AuditCell, cut: (text: string) => string): AuditCell {
  const { incomplete } = cell;
  // A cell that was never run is known by its reason.
  if (cell.reason === unrunReason) return cell;
  return {
    ...cell,
    reason: cut(cell.reason),
    ...(typeof incomplete === 'string' ? { incomplete: cut(incomplete) } : {}),
  };
}

function cutWords(text: string, most: number): string {
  return text.length <= most ? text : most < 40 ? '…' : cutText(text, most);
}

function withWordsCut(state: SessionState, most: number): SessionState {
  const cut = (text: string) => cutWords(text, most);
  const cutAll = <Value>(values: Record<string, Value>, change: (value: Value) => Value) =>
    Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(value)]));
  return {
    ...state,
    phase: phaseCut(state.phase, cut),
    abort_requested: state.abort_requested === null ? null : cut(state.abort_requested),
    purges: state.purges.map((purge) => ({ ...purge, reason: cut(purge.reason) })),
    reasons: cutAll(state.reasons, (cells) => cutAll(cells, cut)),
    incomplete: cutAll(state.incomplete, (cells) =>
      cutAll(cells, (reason) => (reason === null ? null : cut(reason))),
    ),
    open: cutAll(state.open, (open) => ({ ...open, reason: cut(open.reason) })),
    notes: state.notes.map((note) => ({ ...note, text: cut(note.text) })),
    replies: state.replies.map((entry) => ({
      ...entry,
      reply: { ...entry.reply, message: cut(entry.reply.message) },
    })),
    precheck:
      state.precheck === null
        ? null
        : {
            ...state.precheck,
            errors: state.precheck.errors.map(cut),
            warnings: state.precheck.warnings.map(cut),
          },
    warnings: state.warnings.map(cut),
    ...(state.lanes === undefined
      ? {}
      : {
          lanes: {
            ...state.lanes,
            quarantined: cutAll(state.lanes.quarantined, (lane) => ({ ...lane, reason: cut(lane.reason) })),
          },
        }),
    ...(state.pool === undefined
      ? {}
      : {
          pool: {
            ...state.pool,
            hosts: cutAll(state.pool.hosts, (host) =>
              host.state === 'joined' ? host : { ...host, reason: cut(host.reason) },
            ),
          },
        }),
  };
}

function phaseCut(phase: Phase, cut: (text: string) => string): Phase {
  if (phase.kind === 'blocked') return { ...phase, reason: cut(phase.reason) };
  return phase.kind === 'halted'
    ? { ...phase, cause: { ...phase.cause, text: cut(phase.cause.text) } }
    : phase;
}

/** Bytes of a value as JSON in UTF-8, as a server measures it. */
export function sizeOf(value: unknown): number {
  return utf8Bytes(JSON.stringify(value));
}
