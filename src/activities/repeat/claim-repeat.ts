import { ApplicationFailure } from '@temporalio/activity';

import { failureTypes } from '../../domain/session/session-state.ts';
import { acquireHostLock, type HostLock, type HostLockResult } from '../../host/lock/host-lock.ts';
import type { LaunchMark } from '../../host/process/repeat-mark.ts';
import { sha256Of } from '../../host/run-directory/files.ts';
import type { RunRepeatInput } from '../activity-types.ts';

/**
 * What a session's processes and claims are known by on this machine. The id alone will not do: two checkouts may start
 * sessions of the same label in the same second, and each would then end the other's pytest as its own orphan.
 */
export function sessionMark(session: { session_id: string; run_dir: string }): string {
  const place = sha256Of(session.run_dir).slice(0, 12);
  return `${session.session_id}@${place}`;
}

export interface RepeatKey {
  session_id: string;
  run_dir: string;
  namespace: string;
  repeat: number;
}

/**
 * Takes a (session, unit, repeat) for one attempt of its activity: two may overlap after a network cut, and who does
 * not hold the claim neither launches nor writes. It dies with its process.
 *
 * @throws ApplicationFailure `RepeatBusy`, retryable after `retryMs`, while another attempt on this host holds it.
 */
export async function claimRepeat(key: RepeatKey, retryMs: number): Promise<HostLock> {
  const claim = await tryClaim(key, { adopting: true });
  if (claim.kind === 'held') return claim.lease;
  throw ApplicationFailure.create({
    message: `repeat ${key.repeat} of ${key.namespace} is still in the hands of ${claim.holder || 'another attempt'}`,
    type: failureTypes.busy,
    nextRetryDelay: retryMs,
  });
}

/** Takes a repeat that nobody works on and no pytest of which is supervised; null where there is somebody. */
export async function claimAbandoned(key: RepeatKey): Promise<HostLock | null> {
  const claim = await tryClaim(key, { adopting: false });
  return claim.kind === 'held' ? claim.lease : null;
}

/** Takes a repeat that no worker on this host works on, whether its pytest lives or not; null where one does. */
export async function claimLeftBehind(key: RepeatKey): Promise<HostLock | null> {
  const claim = await tryClaim(key, { adopting: true });
  return claim.kind === 'held' ? claim.lease : null;
}

async function tryClaim(key: RepeatKey, options: { adopting: boolean }): Promise<HostLockResult> {
  return await acquireHostLock({
    resources: [`repeat/${sessionMark(key)}/${key.namespace}/${key.repeat}`],
    holder: `session ${key.session_id}, ${key.namespace}, repeat ${key.repeat}, worker ${process.pid}`,
    adopting: options.adopting,
  });
}

/** The mark that every process of one launch inherits. */
export function launchMark(input: RunRepeatInput, attempt: number, token: string): LaunchMark {
  const { namespace, repeat } = input;
  return { session: sessionMark(input), namespace, repeat, attempt, token };
}
