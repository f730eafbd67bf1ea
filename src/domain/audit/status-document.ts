import type { AuditMatrix, MissingRun } from './matrix.ts';
import type { ProvenanceDocument } from './provenance.ts';
import type { HaltFact } from './recorded-halt.ts';
import { readinessOfMatrix, type StrictAuditDocument } from './strict-audit.ts';

/** A GPU with more memory in use is not free, whoever holds it (exactly the limit passes). */
export const freeMemoryLimitMib = 2048;

/** Seconds between looks that a supervisor of a session should not exceed. */
const pollIntervalSeconds = 120;

const missingShown = 30;
const logTailLines = 15;

/** One GPU as the driver reports it at this moment. */
export interface GpuFact {
  index: number;
  memory_used_mib: number;
  /** True when a compute process holds it. */
  has_compute_app: boolean;
}

/** One repeat in flight. */
export interface ActiveRun {
  namespace: string;
  k: number;
  attempt: number | null;
  started_at: string;
  /** Absolute path of the running attempt's log; null before the launch. */
  log: string | null;
  log_bytes: number | null;
  /** Seconds since the log last grew. */
  stalled_s: number | null;
  /** Null when not known here. */
  gpus: number[] | null;
  /** While its server takes longer than a minute to say that it is ready: when the launch was started. */
  starting_since?: string;
  /** What it waits for instead of running; absent or null when it runs or nothing here can tell. */
  waits_for?: string | null;
  /** The lane that it has or is meant for; absent where lanes have no names. */
  lane?: string;
}

/** One declared lane of the session. */
export interface LaneFact {
  name: string;
  gpus: number[];
  /** `taken`: meant for a running repeat. `quarantined` until `resume`. */
  state: 'free' | 'taken' | 'quarantined';
  /** Why it is quarantined; null when it is not. */
  reason: string | null;
}

/** One host of the session's pool. */
export interface HostFact {
  /** The machine's name. */
  host: string;
  /** `refused` until `resume`; `lost` until it joins again. */
  state: 'joined' | 'refused' | 'lost';
  since: string;
  /** The session's directory there; null where it does not take part. */
  run_dir: string | null;
  /** Why it does not take part; null where it does. */
  reason: string | null;
}

/** How many launches are left before a cell is given up. */
export interface BudgetFact {
  attempts_per_pass: number;
  max_passes: number;
  /** The pass that is going on; null offline. */
  pass: number | null;
  launches: number | null;
  /** Which of `max_passes` is going on; absent offline. */
  pass_of_budget?: number;
  /** The cells that cost more than they should: not complete although they were launched. Absent offline. */
  open?: OpenCell[];
}

/** One (unit, repeat) that could not be completed yet, and what it has cost. */
export interface OpenCell {
  namespace: string;
  k: number;
  reason: string;
  /** Launches since its budget began. */
  launches: number;
  /** Passes running that ended for the same reason. */
  passes_alike: number;
  /** Launches that are left to it at most, in this pass and later ones; 0 = given up until `resume`. */
  launches_left: number;
}

/** What the matrix does not say: facts of this moment and of the session. */
export interface LiveFacts {
  /** As the caller gave it. */
  run_dir: string;
  /** `YYYY-MM-DDTHH:MM:SSZ`. */
  now: string;
  /** Null when they cannot be read here. */
  gpus: GpuFact[] | null;
  gpu_error: string | null;
  /** Text of `run.log`, or its end. */
  run_log: string;
  /** The session's state in one word; `offline` when read from the directory alone. */
  state: string;
  /** Null when nothing here can tell. */
  active: ActiveRun[] | null;
  /** Why the session stopped launching; null when it did not. */
  halt: HaltFact | null;
  budget: BudgetFact | null;
  /** Estimated seconds to the end; null when unknown. */
  eta_s: number | null;
  /** Absent offline, and where no lanes are declared. */
  lanes?: LaneFact[];
  /** Absent offline, and where the session has no pool. */
  hosts?: HostFact[];
}

/** `status`, fields in the original tool's order, then calib's. */
export interface StatusDocument {
  run_dir: string;
  model: string;
  repeats: number;
  complete: boolean;
  ok: number;
  total: number;
  missing_count: number;
  missing: MissingRun[];
  gpu_memory_mib: Record<string, number> | null;
  gpu_busy: number[] | null;
  gpu_ready: number | null;
  gpus_under_2gb_mib: Record<string, number> | null;
  launch_allowed: boolean | null;
  gpu_mem_limit_mib: number;
  /** Null when nothing here can tell: the original searched the process list and was fooled. */
  pytest_active: boolean | null;
  run_log_tail: string[];
  agent_poll_interval_s: number;
  strict_ready: string;
  strict_complete: boolean;
  timestamp: string;
  gpu_error: string | null;
  state: string;
  active: ActiveRun[] | null;
  halt: HaltFact | null;
  git_provenance: ProvenanceDocument;
  calibration_git_sha: string;
  strict: StrictAuditDocument['stages'];
  budget: BudgetFact | null;
  eta_s: number | null;
  /** Absent offline, and where no lanes are declared. */
  lanes?: LaneFact[];
  /** Absent offline, and where the session has no pool. */
  hosts?: HostFact[];
}

/** The answer of `status`, live and offline. The caller's exit code is `statusIsReady`'s business. */
export function statusDocument(matrix: AuditMatrix, facts: LiveFacts): StatusDocument {
  const { completeness, strict, provenance } = readinessOfMatrix(matrix);
  return {
    run_dir: facts.run_dir,
    model: matrix.model,
    repeats: matrix.repeats,
    complete: completeness.complete,
    ok: completeness.ok,
    total: completeness.total,
    missing_count: completeness.missing_count,
    missing: completeness.missing.slice(0, missingShown),
    ...gpuFields(facts.gpus),
    pytest_active: facts.active === null ? null : facts.active.length > 0,
    run_log_tail: lastLines(facts.run_log),
    agent_poll_interval_s: pollIntervalSeconds,
    strict_ready: `${strict.strict_ready}/${strict.total_stages}`,
    strict_complete: strict.strict_complete,
    timestamp: facts.now,
    gpu_error: facts.gpu_error,
    state: facts.state,
    active: facts.active,
    halt: facts.halt,
    git_provenance: provenance,
    calibration_git_sha: matrix.calibration_git_sha,
    strict: strict.stages,
    budget: facts.budget,
    eta_s: facts.eta_s,
    ...(facts.lanes === undefined ? {} : { lanes: facts.lanes }),
    ...(facts.hosts === undefined ? {} : { hosts: facts.hosts }),
  };
}

/** Exit 0 iff complete and strict-complete; provenance has a command of its own. */
export function statusIsReady(status: Pick<StatusDocument, 'complete' | 'strict_complete'>): boolean {
  return status.complete && status.strict_complete;
}

function lastLines(text: string): string[] {
  const body = text.endsWith('\n') ? text.slice(0, -1) : text;
  return body === '' ? [] : body.split('\n').slice(-logTailLines);
}

type GpuFields = Pick<
  StatusDocument,
  'gpu_memory_mib' | 'gpu_busy' | 'gpu_ready' | 'gpus_under_2gb_mib' | 'launch_allowed' | 'gpu_mem_limit_mib'
>;

function gpuFields(gpus: GpuFact[] | null): GpuFields {
  if (gpus === null) {
    return {
      gpu_memory_mib: null,
      gpu_busy: null,
      gpu_ready: null,
      gpus_under_2gb_mib: null,
      launch_allowed: null,
      gpu_mem_limit_mib: freeMemoryLimitMib,
    };
  }
  const ready = gpus.filter((gpu) => !gpu.has_compute_app && gpu.memory_used_mib <= freeMemoryLimitMib);
  return {
    gpu_memory_mib: memoryByIndex(gpus),
    gpu_busy: gpus
      .filter((gpu) => gpu.has_compute_app)
      .map((gpu) => gpu.index)
      .toSorted((a, b) => a - b),
    gpu_ready: ready.length,
    gpus_under_2gb_mib: memoryByIndex(ready),
    launch_allowed: gpus.length > 0 && ready.length === gpus.length,
    gpu_mem_limit_mib: freeMemoryLimitMib,
  };
}

function memoryByIndex(gpus: GpuFact[]): Record<string, number> {
  return Object.fromEntries(gpus.map((gpu) => [String(gpu.index), gpu.memory_used_mib]));
}
