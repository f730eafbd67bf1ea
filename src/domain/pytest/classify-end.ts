import { z } from 'zod';

import type { Attempt } from '../observation/observation.ts';
import { isFatal, isOutOfMemory, type SignatureMatch } from './signatures.ts';

/** Why calib ended pytest itself; travels as JSON through the launch's stop request. */
export const ownStopSchema = z.discriminatedUnion('kind', [
  /** A fatal signature stood in the log. */
  z.object({ kind: z.literal('fatal'), signature: z.string() }),
  /** The unit's wall-time limit, seconds. */
  z.object({ kind: z.literal('timeout'), limitSeconds: z.number() }),
  /** No output for that many seconds; `signature` is the suspect text that came before, null without one. */
  z.object({ kind: z.literal('stall'), stallSeconds: z.number(), signature: z.string().nullable() }),
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
  /** Spec 05 §8's text; empty for exit code 0. */
  reason: string;
  /** Signatures that explain a failure without having decided it; empty when pytest passed. */
  suspects: string[];
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

type Verdict = Pick<EndClassification, 'outcome' | 'reason'>;

/** Numbers of a run that did not give its lane back are not trusted: what held it may have been there before. */
function withLeftover(verdict: Verdict, leftover: string | undefined): Verdict {
  const counts = verdict.outcome === 'ok' || verdict.outcome === 'assertion';
  return counts && leftover !== undefined ? infra(leftover) : verdict;
}

function judge(end: PytestEnd): Verdict {
  if (end.ownStop?.kind === 'cancelled') return { outcome: 'aborted', reason: end.ownStop.why };
  if (end.startError !== undefined) return judgeStartError(end.startError);
  if (end.lost !== undefined) return infra(`crashed (${end.lost})`);
  // It was faster than the kill: everything was measured.
  if (end.exitCode === 0) return { outcome: 'ok', reason: '' };
  if (end.ownStop !== null) return infra(describeOwnStop(end.ownStop));
  const configuration = end.exitCode === null ? undefined : pytestConfigurationCodes.get(end.exitCode);
  if (configuration !== undefined) {
    return { outcome: 'config', reason: `exit ${end.exitCode} (${configuration})` };
  }
  return judgeFailure(end);
}

function judgeFailure(end: PytestEnd): Verdict {
  if (end.signatures.some(isOutOfMemory)) return infra('OOM');
  const fatal = end.signatures.find(isFatal);
  if (fatal !== undefined) return infra(`crashed (${fatal})`);
  const death = deathReason(end);
  if (death !== undefined) return infra(death);
  if (end.signatures.includes('TimeoutExpired')) return infra('TimeoutExpired');
  if (end.exitCode === 1) return { outcome: 'assertion', reason: 'exit 1' };
  // No code of pytest's: neither an assertion nor known to pass by itself.
  return { outcome: 'config', reason: `exit ${end.exitCode ?? 'unknown'}` };
}

/** Directly killed and killed below a shell read the same, because the same thing happened. */
function deathReason(end: PytestEnd): string | undefined {
  const code = end.exitCode;
  const name = end.signal ?? (code === null ? undefined : crashSignals.get(code));
  if (name === 'SIGKILL') return 'exit 137 (killed)';
  if (name === 'SIGSEGV') return 'exit 139 (segfault)';
  if (name !== undefined) return `crashed (${name})`;
  const bySignal = code !== null && code > shellSignalCodes.above && code <= shellSignalCodes.upTo;
  return bySignal ? `crashed (signal ${code - shellSignalCodes.above})` : undefined;
}

function describeOwnStop(stop: Exclude<OwnStop, { kind: 'cancelled' }>): string {
  switch (stop.kind) {
    case 'fatal':
      return isOutOfMemory(stop.signature) ? 'OOM' : `crashed (${stop.signature})`;
    case 'timeout':
      return `timeout (${stop.limitSeconds} s)`;
    case 'stall':
      return `timeout (no log growth for ${stop.stallSeconds} s${stop.signature === null ? '' : ` after "${stop.signature}"`})`;
  }
}

function judgeStartError(error: NonNullable<PytestEnd['startError']>): Verdict {
  const reason = `could not start pytest: ${error.message}`;
  const permanent = error.kind === 'spawn' && permanentStartErrors.has(error.code);
  return permanent ? { outcome: 'config', reason } : infra(reason);
}

function infra(reason: string): Verdict {
  return { outcome: 'infra', reason };
}

/** What can be seen of a running pytest from outside. */
export interface WatchedRun {
  /** Since its launch. */
  runningSeconds: number;
  /** Since its log last grew. */
  silentSeconds: number;
  /** Signatures in its log so far, in order of appearance. */
  matches: readonly Pick<SignatureMatch, 'name' | 'class'>[];
}

export interface WatchLimits {
  /** Wall time of one pytest invocation. */
  timeoutSeconds: number;
  /** Silence that ends a run whose log holds a suspect signature. */
  stallSeconds: number;
  /** Silence that ends any run. */
  silenceSeconds: number;
}

/**
 * Whether calib should end a running pytest, and why: at once for a fatal signature, at the time limit,
 * and after silence. A suspect signature alone never ends anything: a server that still starts refuses connections.
 */
export function decideStop(run: WatchedRun, limits: WatchLimits): OwnStop | null {
  const fatal = run.matches.find((match) => match.class === 'fatal');
  if (fatal !== undefined) return { kind: 'fatal', signature: fatal.name };
  if (run.runningSeconds > limits.timeoutSeconds) {
    return { kind: 'timeout', limitSeconds: limits.timeoutSeconds };
  }
  const [suspect] = run.matches;
  if (suspect !== undefined && run.silentSeconds > limits.stallSeconds) {
    return { kind: 'stall', stallSeconds: limits.stallSeconds, signature: suspect.name };
  }
  if (run.silentSeconds > limits.silenceSeconds) {
    return { kind: 'stall', stallSeconds: limits.silenceSeconds, signature: null };
  }
  return null;
}
