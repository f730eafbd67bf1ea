import { z } from 'zod';

import type { Attempt } from '../observation/observation.ts';
import { isFatal, isOutOfMemory } from './log-signatures.ts';

/** Why calib ended pytest itself; travels as JSON through the launch's stop request. */
export const ownStopSchema = z.discriminatedUnion('kind', [
  /** A fatal signature stood in the log. */
  z.object({ kind: z.literal('fatal'), signature: z.string() }),
  /** The unit's wall-time limit, seconds. */
  z.object({ kind: z.literal('timeout'), limitSeconds: z.number() }),
  /** No output for that many seconds; `signature` is the suspect text that came before, null without one. */
  z.object({ kind: z.literal('stall'), stallSeconds: z.number(), signature: z.string().nullable() }),
  /** All results were complete and pytest had summed up, but the process did not exit within that many seconds. */
  z.object({ kind: z.literal('exit'), graceSeconds: z.number() }),
  /** Its log grew beyond that many bytes. */
  z.object({ kind: z.literal('log'), limitBytes: z.number() }),
  /** The session was cancelled, purged or stopped. */
  z.object({ kind: z.literal('cancelled'), why: z.string() }),
]);
export type OwnStop = z.infer<typeof ownStopSchema>;

/** How a launch ended, as far as anybody knows. */
export interface PytestEnd {
  /** pytest's exit code; null when a signal ended it, it never started, or nobody saw the end. */
  exitCode: number | null;
  /** `SIGKILL`, …; null when it exited by itself. */
  signal: string | null;
  /** Null when calib did not end it. */
  ownStop: OwnStop | null;
  /** Names of the signatures in its log, in order of appearance. */
  signatures: string[];
  /** The supervisor died without leaving an exit status. */
  lost?: string;
  /** The command was never started. */
  startError?: { kind: 'spawn' | 'lease'; code: string; message: string };
  /** What it left behind on the machine, in words: memory on its GPUs, processes that nothing ends. */
  leftover?: string;
}

export interface EndClassification {
  /** `infra` is retried and costs an attempt; `assertion` and `ok` are data; `config` halts. */
  outcome: Attempt['outcome'];
  /** How pytest ended, in words; empty for exit code 0. */
  reason: string;
  /** Signatures that explain a failure without having decided it; empty when pytest passed. */
  suspects: string[];
  /**
   * What the record says of this end where every result was complete before it; null where such numbers never count: what
   * was aborted, what nobody saw the end of, what did not give the machine back, and what pytest itself calls an error.
   */
  afterResults: string | null;
}

const crashSignals = new Map([
  [134, 'SIGABRT'],
  [135, 'SIGBUS'],
  [137, 'SIGKILL'],
  [139, 'SIGSEGV'],
]);
/** Linux signal numbers run to 64; shells report a death by signal n as 128 + n. */
const shellSignalCodes = { above: 128, upTo: 192 };
const pytestConfigurationCodes = new Map([
  [2, 'interrupted or collection error'],
  [3, 'internal error'],
  [4, 'usage error'],
  [5, 'no tests collected'],
]);
/** A program that is not there or not executable stays so; what else keeps a process from starting may pass. */
const permanentStartErrors = new Set(['ENOENT', 'EACCES', 'ENOTDIR', 'ENOEXEC', 'EISDIR', 'ELOOP']);

/**
 * Judges the end of one pytest launch. Exit code and signal are kept apart; a signal that calib did not
 * send is a crash; out-of-memory text counts only when the end is not 0; exit code 1 without a fatal signature is a
 * threshold assertion, which is data.
 */
export function classifyEnd(end: PytestEnd): EndClassification {
  const verdict = withLeftover(judge(end), end.leftover);
  const suspects = verdict.outcome === 'ok' ? [] : end.signatures.filter((name) => !isFatal(name));
  return { ...verdict, suspects };
}

type Verdict = Pick<EndClassification, 'outcome' | 'reason' | 'afterResults'>;

/** Numbers of a run that did not give its lane back are not trusted: what held it may have been there before. */
function withLeftover(verdict: Verdict, leftover: string | undefined): Verdict {
  if (leftover === undefined) return verdict;
  const counts = verdict.outcome === 'ok' || verdict.outcome === 'assertion';
  return counts ? infra(leftover) : { ...verdict, afterResults: null };
}

function judge(end: PytestEnd): Verdict {
  if (end.ownStop?.kind === 'cancelled') {
    return { outcome: 'aborted', reason: end.ownStop.why, afterResults: null };
  }
  if (end.startError !== undefined) return judgeStartError(end.startError);
  if (end.lost !== undefined) return infra(`crashed (${end.lost})`);
  // It was faster than the kill: everything was measured.
  if (end.exitCode === 0) return { outcome: 'ok', reason: '', afterResults: null };
  if (end.ownStop !== null) return judgeOwnStop(end.ownStop);
  const configuration = end.exitCode === null ? undefined : pytestConfigurationCodes.get(end.exitCode);
  if (configuration !== undefined) return config(`exit ${end.exitCode} (${configuration})`);
  return judgeFailure(end);
}

function judgeFailure(end: PytestEnd): Verdict {
  const sign = end.signatures.find(isOutOfMemory) ?? end.signatures.find(isFatal);
  const death = deathOf(end);
  if (sign !== undefined) return infra(signReason(sign), death?.afterResults ?? inLog(end, sign));
  if (death !== undefined) return death;
  if (end.signatures.includes('TimeoutExpired')) {
    return infra('TimeoutExpired', inLog(end, 'TimeoutExpired'));
  }
  if (end.exitCode === 1) return { outcome: 'assertion', reason: 'exit 1', afterResults: null };
  // No code of pytest's: neither an assertion nor known to pass by itself, but perhaps of something that fails at exit.
  const reason = `exit ${end.exitCode ?? 'unknown'}`;
  return config(reason, end.exitCode === null ? null : `${reason} after the results`);
}

function signReason(signature: string): string {
  return isOutOfMemory(signature) ? 'OOM' : `crashed (${signature})`;
}

/** The log does not say whether the signature or the results came first. */
function inLog(end: PytestEnd, signature: string): string {
  return `exit ${end.exitCode ?? 'unknown'} with complete results and "${signature}" in the log`;
}

/** Directly killed and killed below a shell read the same, because the same thing happened. */
function deathOf(end: PytestEnd): Verdict | undefined {
  const code = end.exitCode;
  const name = end.signal ?? (code === null ? undefined : crashSignals.get(code));
  if (name !== undefined) return infra(deathReason(name), `${name} after the results`);
  const bySignal = code !== null && code > shellSignalCodes.above && code <= shellSignalCodes.upTo;
  if (!bySignal) return undefined;
  const signal = `signal ${code - shellSignalCodes.above}`;
  return infra(`crashed (${signal})`, `${signal} after the results`);
}

function deathReason(signal: string): string {
  if (signal === 'SIGKILL') return 'exit 137 (killed)';
  return signal === 'SIGSEGV' ? 'exit 139 (segfault)' : `crashed (${signal})`;
}

function judgeOwnStop(stop: Exclude<OwnStop, { kind: 'cancelled' }>): Verdict {
  switch (stop.kind) {
    case 'fatal':
      return endedByCalib(signReason(stop.signature));
    case 'timeout':
      return endedByCalib(`timeout (${stop.limitSeconds} s)`);
    case 'stall': {
      const after = stop.signature === null ? '' : ` after "${stop.signature}"`;
      return endedByCalib(`timeout (no log growth for ${stop.stallSeconds} s${after})`);
    }
    case 'log':
      // What floods a disk disturbs what it measures.
      return infra(`its log grew beyond ${stop.limitBytes} bytes (max_log_bytes)`);
    case 'exit': {
      const reason = `ended by calib ${stop.graceSeconds} s after the last test`;
      return infra(reason, reason);
    }
  }
}

function endedByCalib(reason: string): Verdict {
  return infra(reason, `ended by calib after the results: ${reason}`);
}

function judgeStartError(error: NonNullable<PytestEnd['startError']>): Verdict {
  const reason = `could not start pytest: ${error.message}`;
  const permanent = error.kind === 'spawn' && permanentStartErrors.has(error.code);
  return permanent ? config(reason) : infra(reason);
}

function infra(reason: string, afterResults: string | null = null): Verdict {
  return { outcome: 'infra', reason, afterResults };
}

function config(reason: string, afterResults: string | null = null): Verdict {
  return { outcome: 'config', reason, afterResults };
}
