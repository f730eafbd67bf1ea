import type { OwnStop } from './classify-end.ts';
import type { SignatureMatch } from './log-signatures.ts';

/** What can be seen of a running pytest from outside. */
export interface WatchedRun {
  /** Since its launch. */
  runningSeconds: number;
  /** Since its log last grew. */
  silentSeconds: number;
  /** Since pytest summed up its tests with every result complete; absent where it has not, or nobody looked. */
  doneSeconds?: number | null;
  /** Size of its log. */
  logBytes: number;
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
  /** Time to exit after the closing summary, where every result is complete. */
  exitGraceSeconds: number;
  /** Size of a log that ends any run. */
  logBytes: number;
}

/**
 * Whether calib should end a running pytest early, and why: at once for a fatal signature, some time after its tests are
 * over and measured, at the time limit, for a log that is too large, and after silence. A suspect signature alone never
 * ends anything: a server that is still starting refuses connections.
 */
export function decideStop(run: WatchedRun, limits: WatchLimits): OwnStop | null {
  const fatal = run.matches.find((match) => match.class === 'fatal');
  if (fatal !== undefined) return { kind: 'fatal', signature: fatal.name };
  if (typeof run.doneSeconds === 'number' && run.doneSeconds > limits.exitGraceSeconds) {
    return { kind: 'exit', graceSeconds: limits.exitGraceSeconds };
  }
  if (run.runningSeconds > limits.timeoutSeconds) {
    return { kind: 'timeout', limitSeconds: limits.timeoutSeconds };
  }
  if (run.logBytes > limits.logBytes) return { kind: 'log', limitBytes: limits.logBytes };
  const [suspect] = run.matches;
  if (suspect !== undefined && run.silentSeconds > limits.stallSeconds) {
    return { kind: 'stall', stallSeconds: limits.stallSeconds, signature: suspect.name };
  }
  if (run.silentSeconds > limits.silenceSeconds) {
    return { kind: 'stall', stallSeconds: limits.silenceSeconds, signature: null };
  }
  return null;
}
