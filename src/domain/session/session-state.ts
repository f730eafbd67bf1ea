import type { ProvenanceFindings } from '../audit/provenance.ts';
import type { StrictCell } from '../audit/strict.ts';
import type { LaneTry } from '../lanes/lanes.ts';
import type { PoolState } from '../pool/pool.ts';
import { redactSecrets } from '../secrets/redact-secrets.ts';
import { cutText } from '../untrusted/cut-text.ts';
import { harmlessLine } from '../untrusted/harmless-text.ts';
import type { LaneBook } from '../lanes/lane-book.ts';
import type { SessionPlan } from './session-plan.ts';

/** `type` of the ApplicationFailures that cross from activities to the workflow; the one list of them. */
export const failureTypes = {
  /** The machine's fault; the attempt is repeated by the activity's retry policy. */
  infra: 'InfraFailure',
  /** The disk cannot be written (full, read-only); repeated until it can, nothing is lost meanwhile. */
  storage: 'StorageFailure',
  /** Another attempt of the same repeat is still working on this host; asked again later. */
  busy: 'RepeatBusy',
  /** What no retry can cure; the message is meant for the operator. */
  invalid: 'InvalidInput',
  refused: 'Refused',
  /** A result that no history takes, or a fault that came again at every attempt. */
  final: 'GivenUp',
} as const;

/** Why a session stopped launching until somebody has fixed something. */
export interface HaltCause {
  /** One line for people: what is wrong and what to do. */
  text: string;
  namespace: string | null;
  repeat: number | null;
  stage?: string;
  /** Metric or count that could not be read. */
  key?: string;
  file?: string;
  path?: string;
  /** Existing keys of that JSON closest to the missing one. */
  nearest?: string[];
  /** The checkout is not the one that the session observes any more. */
  moved?: boolean;
  /** Key of the model's config that says where the value is read. */
  config_key?: string;
  /** What is there instead of what was looked for. */
  found?: string;
  /** Tests that were skipped, with pytest's reasons. */
  skipped?: string[];
  /** The last lines of the launch's log, where nothing was measured. */
  log_tail?: string[];
  /** What to do, in order: commands, or a sentence where none helps. */
  steps?: string[];
}

/** What all ended repeats report besides their kind. */
interface LaunchFacts {
  /** Launches spent on this (unit, repeat) in the present pass. */
  launches: number;
  /** pytest's wall time of the last attempt, seconds. */
  duration_s: number;
  lane: string | null;
  /** What the present pass's launches say about the session's declared lanes; absent without any. */
  tries?: LaneTry[];
}

/** What the one launch of a unit showed in a smoke. */
export interface SmokeSeen {
  /** pytest came to its own end and every stage was measured in full. */
  ok: boolean;
  /** How it ended and what each stage measured, for people; bounded. */
  lines: string[];
}

/** What one `runRepeat` activity returns. Infra failures that may be tried again are thrown, not returned. */
export type RepeatOutcome =
  /** Every fed stage is ✓ and committed on disk. */
  | ({ kind: 'complete'; cells: Record<string, StrictCell> } & LaunchFacts)
  /** A △ or ✗ that another run can cure; committed on disk, discarded by the next launch. */
  | ({ kind: 'incomplete'; reason: string; cells: Record<string, StrictCell> } & LaunchFacts)
  /** Infra failures have used up this pass's attempts. */
  | ({ kind: 'exhausted'; reason: string; cells: Record<string, StrictCell> } & LaunchFacts)
  /** No retry can cure it: configuration, test output, or a moved commit. */
  | ({ kind: 'halt'; cause: HaltCause; cells: Record<string, StrictCell> } & LaunchFacts)
  /** The one launch of a unit in a smoke: nothing is committed, whatever it showed. */
  | ({ kind: 'seen'; seen: SmokeSeen; cells: Record<string, StrictCell> } & LaunchFacts);

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
  /** What is missing failed for the same reason in pass after pass. */
  | 'same-failure'
  /** The report was refused or could not be written. */
  | 'report'
  /** The run directory could not be read again. */
  | 'directory'
  /** Every lane that could take what is missing is quarantined. */
  | 'no-lane'
  /** Nobody polls the host's task queue; the only one that ends by itself. */
  | 'no-worker';

/** The ends: a session in one of them no longer accepts commands. */
export type End =
  | {
      kind: 'completed';
      /** Path; empty for a smoke, which has none. */
      report: string;
      decision: ApplyMode;
      applied: number;
      changes: string[];
      /** What a smoke saw. */
      smoke?: { ok: boolean; summary: string; lines: string[] };
    }
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
  /** While its server takes longer than usual to be ready: when that launch was started. */
  starting_since?: string;
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

/** A whole pytest repeat that is to be discarded and run again. */
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
 * MAINTENANCE: a change of shape needs a new `version` and an upgrade in `upgrade-state.ts` (docs/versioning.md).
 */
export interface SessionState {
  version: 2;
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
  incomplete: Record<string, Record<string, string | null>>;
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
  /** Smokes only: what was seen of a unit, by namespace. */
  smoke?: Record<string, SmokeSeen>;
  /** Sessions of a pool only. */
  pool?: PoolState;
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
    version: 2,
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
    incomplete: {},
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

/** True when the session has ended and no longer accepts commands. */
export function isEnd(phase: Phase): phase is End {
  return phase.kind === 'completed' || phase.kind === 'aborted' || phase.kind === 'failed';
}

/** Characters of a note or a reply: a paragraph. */
export const longestNote = 1000;

/** Appends a note; the newest 100 are kept, because state travels through continue-as-new. */
export function addNote(state: SessionState, at: string, text: string): void {
  state.notes.push({ at, text: cutText(redactSecrets(harmlessLine(text)), longestNote) });
  if (state.notes.length > 100) state.notes.splice(0, state.notes.length - 100);
}
