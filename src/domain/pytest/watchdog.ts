import type { SignatureMatch } from './signature-scanner.ts';
import type { OwnStop } from './classify-end.ts';

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
 * Whether calib should end a running pytest, and why (spec 05 §8): at once for a fatal signature, at the time limit,
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
