import type { DiskAudit } from '../domain/session/matrix.ts';
import type { Lane } from '../domain/lanes/lanes.ts';
import type { JoinOutcome, RepeatRecord, RequiredEnvironment } from '../domain/pool/pool.ts';
import type { ApplyMode, RepeatOutcome } from '../domain/session/session-state.ts';
import type { SessionPlan } from '../domain/session/session-plan.ts';

export type { DiskAudit };

export interface PrecheckVerdict {
  ok: boolean;
  /** The checkout is not what the session is to observe: nothing else was looked at. Absent where it is. */
  moved?: string;
  errors: string[];
  warnings: string[];
}

export interface RunRepeatInput {
  session_id: string;
  run_dir: string;
  namespace: string;
  repeat: number;
  pass: number;
  /** The pass with which the present budget began: launches of earlier ones say nothing. Absent = `pass`. */
  budget_from_pass?: number;
  /** First try to read the artifacts of the last launch again (after a HALT was fixed). */
  reextract: boolean;
  /** Declared lanes that it may run on, the preferred one first; absent = any free GPUs. */
  lanes?: Lane[];
  /**
   * Sessions of a pool: number of this dispatch, unique in the session. What a host's directory holds of another
   * dispatch of the same repeat is not asked for any more.
   */
  dispatch?: number;
  /** Sessions of a pool: the number that a new attempt has at least; other hosts have used the lower ones. */
  first_attempt?: number;
}

/** What a repeat of a pool's session yields; `record` is absent where it ran in the session's run directory itself. */
export type PooledOutcome = RepeatOutcome & { record?: RepeatRecord };

export interface JoinInput {
  plan: SessionPlan;
  standard: RequiredEnvironment;
  /** Hosts whose answer the session has already. */
  known: string[];
}

/** Part of a pytest log that lies on this host. */
export interface ReadLogInput {
  run_dir: string;
  session_id: string;
  namespace: string;
  repeat: number;
  attempt: number;
  /** Bytes of the log that the caller has already. */
  offset: number;
  /** Waits this long for more bytes before it answers with none, ms. */
  wait_ms: number;
}

export interface LogPart {
  /** The next lines, secrets redacted. */
  text: string;
  /** Where the next part begins, bytes. */
  offset: number;
  /** True when the pytest has ended and all of it was read. */
  ended: boolean;
}

/** Heartbeat details of `runRepeat`: what it does or waits for, for people and for `status`. */
export interface RepeatHeartbeat {
  state: 'waiting' | 'starting' | 'running' | 'ending' | 'recording';
  /** One line: the GPU, process and owner that are waited for, or what goes on. */
  text: string;
  attempt: number;
  launch_dir: string;
  lane: string | null;
  /** Seconds waited, or running. */
  seconds: number;
  log_bytes?: number;
  /** Seconds since the log last grew. */
  silent_s?: number;
  /** Seconds without a line that says that a server is ready, where that is longer than usual. */
  starting_s?: number;
  /** What its processes do while the log is silent, in words. */
  processes?: string;
}

export interface DiscardRepeatInput {
  run_dir: string;
  namespace: string;
  repeat: number;
  reason: string;
  /** Makes a second delivery harmless. */
  command_id: string;
}

/** What stands in the way of the report, or where it is. */
export type ReportOutcome =
  | { kind: 'written'; report: string; html: string }
  | { kind: 'refused'; reason: string };

export interface SyncResult extends DiskAudit {
  /** What changed since the session last looked, in words (for the session's notes). */
  notes: string[];
}

export interface ApplyInput {
  run_dir: string;
  mode: ApplyMode;
  /** `STAGE.METRIC` → `keep`, `apply` or a number as text. */
  decide: Record<string, string>;
  command_id: string;
}

/** Refused: nothing was written and the session goes on waiting for a decision. */
export type ApplyOutcome =
  | { kind: 'applied'; edits: number; summary: string[] }
  | { kind: 'refused'; reason: string };

/** The activities of a session. The workflow imports these types only. */
export interface SessionActivities {
  /** Creates (or, resuming, adopts) the run directory; twice equals once. */
  openSession(plan: SessionPlan): Promise<DiskAudit>;
  precheck(plan: SessionPlan): Promise<PrecheckVerdict>;
  /** Owns one lane until one pytest invocation is recorded or given up. */
  runRepeat(input: RunRepeatInput): Promise<PooledOutcome>;
  discardRepeat(input: DiscardRepeatInput): Promise<void>;
  /** Audits the directory again, taking over a corrected `stages.yaml` (before going on after a halt). */
  syncSession(input: { run_dir: string }): Promise<SyncResult>;
  writeReport(input: { run_dir: string }): Promise<ReportOutcome>;
  applyThresholds(input: ApplyInput): Promise<ApplyOutcome>;
  /** Appends milestone lines to `run.log`. */
  logMilestones(input: { run_dir: string; lines: string[] }): Promise<void>;
}

/** What the home host does more for the session of a pool. */
export interface PoolHomeActivities {
  /** What other hosts of the pool are held against. */
  readStandard(input: { run_dir: string }): Promise<RequiredEnvironment>;
  /** Writes what a repeat on another host left into the run directory; twice equals once. */
  keepRepeat(input: { run_dir: string; record: RepeatRecord }): Promise<void>;
}

/** The activities of a pool's queue: whichever host takes one speaks for itself. */
export interface PoolActivities {
  /** Proves this host against the session's standard and prepares its directory here; twice equals once. */
  joinSession(input: JoinInput): Promise<JoinOutcome>;
}

/** The activities of a host's own queue that belong to no session's workflow. */
export interface HostActivities {
  /** Nothing, but an answer: this host is there, whatever its lanes work for. */
  ping(): Promise<void>;
  readLogPart(input: ReadLogInput): Promise<LogPart>;
}
