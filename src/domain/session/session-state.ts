import type { ProvenanceFindings } from '../audit/provenance.ts';
import { redactSecrets } from '../secrets/redact-secrets.ts';
import type { SessionPlan } from './session-plan.ts';
import type { HaltCause } from './repeat-outcome.ts';
import type { PoolBook } from '../pool/pool-book.ts';
import type { LaneBook } from './session-lanes.ts';

/** Where a session is. Every kind that waits for a person says since when and what for. */
export type Phase =
  | { kind: 'opening' }
  | { kind: 'prechecking' }
  | { kind: 'calibrating' }
  | { kind: 'paused'; since: string }
  | { kind: 'halted'; since: string; cause: HaltCause }
  | { kind: 'blocked'; since: string; cause: BlockCause; reason: string }
  | { kind: 'reporting' }
  | { kind: 'awaiting_decision'; since: string; report: string }
  | { kind: 'applying'; mode: ApplyMode }
  | End;

/** Why a session cannot go on by itself although nothing is wrong with a single repeat. */
export type BlockCause =
  /** Every pass of the budget is used up. */
  | 'budget-spent'
  /** What is missing failed for the same reason in pass after pass (spec 05, retry budget note). */
  | 'same-failure'
  /** The report was refused or could not be written. */
  | 'report'
  /** The run directory could not be read again. */
  | 'directory'
  /** Every lane that could take what is missing is quarantined. */
  | 'no-lane'
  /** Nobody polls the host's task queue; the only one that ends by itself. */
  | 'no-worker';

/** The ends: a session in one of them takes no command any more. */
export type End =
  | { kind: 'completed'; report: string; decision: ApplyMode; applied: number; changes: string[] }
  | { kind: 'aborted'; reason: string }
  | { kind: 'failed'; reason: string };

export type ApplyMode = 'report' | 'smart' | 'full';

/** One (unit, repeat): `.` pending, `r` running, `d` done, `o` open (this pass's budget is spent), `h` halted it. */
export type RepeatMark = '.' | 'r' | 'd' | 'o' | 'h';

export interface ActiveRepeat {
  namespace: string;
  repeat: number;
  pass: number;
  started_at: string;
  /** Look at the artifacts that exist before launching anything (after a HALT was fixed). */
  reextract: boolean;
  /** What it was last seen to wait for, and when; null when it was taken at once. */
  waits_for: string | null;
  /** The declared lane that it is meant for; the lane that it really got is in its outcome. Absent without any. */
  lane?: string;
  /** Sessions of a pool: the machine that has it, and the number it was given under. */
  host?: string;
  dispatch?: number;
}

/** What is known of a repeat that could not be completed yet. */
export interface OpenRepeat {
  reason: string;
  /** In how many passes running the reason was the same. */
  passes_alike: number;
  /** Launches spent on it since its budget began. */
  launches: number;
}

/** A whole pytest repeat that is to be set aside and run again. */
export interface PurgeRequest {
  command_id: string;
  namespace: string;
  repeat: number;
  reason: string;
}

/** The operator's one decision. */
export interface Decision {
  command_id: string;
  mode: ApplyMode;
  /** `STAGE.METRIC` → `keep`, `apply` or a number as text. */
  decide: Record<string, string>;
}

export interface Note {
  at: string;
  text: string;
}

/** The answer to a command; also what a second delivery of the same command id gets. */
export interface CommandReply {
  accepted: boolean;
  /** Why not, or what will happen. */
  message: string;
}

/**
 * The whole state of a session as one plain JSON value: it travels through continue-as-new and answers queries.
 * MAINTENANCE: a change of shape needs a new `version` and an upgrade in `calibrate.ts`.
 */
export interface SessionState {
  version: 1;
  phase: Phase;
  /** True once the run directory exists and its audit is in the matrix. */
  opened: boolean;
  started_at: string;
  pause_requested: boolean;
  /** Set by `resume` out of a halt or block; the main loop re-reads the disk and goes on. */
  resume_requested: boolean;
  abort_requested: string | null;
  purges: PurgeRequest[];
  decision: Decision | null;
  /** Grows for ever: attempts on disk are counted by it, so a fresh budget needs a fresh number. */
  pass: number;
  /** The pass with which the present budget began. */
  budget_from_pass: number;
  /** Per unit namespace: one RepeatMark per repeat, index k − 1. */
  marks: Record<string, string>;
  /** Per stage key: one strict symbol per repeat, index k − 1. */
  symbols: Record<string, string>;
  /** Per stage key: reasons of the non-✓ cells, by k. */
  reasons: Record<string, Record<string, string>>;
  /** Per stage key, by k: `AuditCell.incomplete` where it does not follow from symbol and reason. */
  incomplete?: Record<string, Record<string, string | null>>;
  /** Per stage key, once the disk was audited; before that the plan's hold. */
  expected_samples?: Record<string, number | null>;
  provenance: ProvenanceFindings;
  /** Per `namespace#k` of repeats that are neither complete nor untried. */
  open: Record<string, OpenRepeat>;
  /** `namespace#k` of repeats to re-read from their artifacts before a launch. */
  reextract: string[];
  active: ActiveRepeat[];
  launches: number;
  discarded: number;
  /** Per namespace: pytest seconds of complete repeats (sum, count), for the ETA. */
  durations: Record<string, { sum_s: number; count: number }>;
  /** Once a repeat has ended on a declared lane. */
  lanes?: LaneBook;
  /** Sessions of a pool only. */
  pool?: PoolBook;
  notes: Note[];
  /** Replies by command id, newest last; bounded. */
  replies: { id: string; reply: CommandReply; settled: boolean }[];
  precheck: { ok: boolean; errors: string[]; warnings: string[] } | null;
  warnings: string[];
}

/** A session that has done nothing yet. `now` is `YYYY-MM-DDTHH:MM:SSZ`. */
export function initialState(plan: SessionPlan, now: string): SessionState {
  const marks: Record<string, string> = {};
  for (const unit of plan.units) marks[unit.namespace] = '.'.repeat(plan.repeats);
  const symbols: Record<string, string> = {};
  for (const stage of plan.stages) symbols[stage.key] = '—'.repeat(plan.repeats);
  return {
    version: 1,
    phase: { kind: 'opening' },
    opened: false,
    started_at: now,
    pause_requested: false,
    resume_requested: false,
    abort_requested: null,
    purges: [],
    decision: null,
    pass: 1,
    budget_from_pass: 1,
    marks,
    symbols,
    reasons: {},
    provenance: { missing_sha: [], mismatches: [], altered: [] },
    open: {},
    reextract: [],
    active: [],
    launches: 0,
    discarded: 0,
    durations: {},
    notes: [],
    replies: [],
    precheck: null,
    warnings: [],
  };
}

/** True when the session has ended and takes no command any more. */
export function isEnd(phase: Phase): phase is End {
  return phase.kind === 'completed' || phase.kind === 'aborted' || phase.kind === 'failed';
}

/** Appends a note; the newest 100 are kept, because state travels through continue-as-new. */
export function addNote(state: SessionState, at: string, text: string): void {
  state.notes.push({ at, text: redactSecrets(text) });
  if (state.notes.length > 100) state.notes.splice(0, state.notes.length - 100);
}
