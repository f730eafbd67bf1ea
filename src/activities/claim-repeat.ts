import { ApplicationFailure } from '@temporalio/activity';

import { failureTypes } from '../domain/session/failure-types.ts';
import { type LaneLease, type LeaseResult, acquireLaneLease } from '../host/gpu/lane-lease.ts';
import { sessionMark } from './session-mark.ts';

export interface RepeatKey {
  session_id: string;
  run_dir: string;
  namespace: string;
  repeat: number;
}

/**
 * Takes a (session, unit, repeat) for one attempt of its activity: two may overlap after a network cut, and who does not
 * hold the claim neither launches nor writes. It dies with its process.
 *
 * @throws ApplicationFailure `RepeatBusy`, retryable after `retryMs`, while another attempt on this host holds it.
 */
export async function claimRepeat(key: RepeatKey, retryMs: number): Promise<LaneLease> {
  const claim = await tryClaim(key, { adopting: true });
  if (claim.kind === 'held') return claim.lease;
  throw ApplicationFailure.create({
    message: `repeat ${key.repeat} of ${key.namespace} is still in the hands of ${claim.holder || 'another attempt'}`,
    type: failureTypes.busy,
    nextRetryDelay: retryMs,
  });
}

/** Takes a repeat that nobody works on and no pytest of which is supervised; null where there is somebody. */
export async function claimAbandoned(key: RepeatKey): Promise<LaneLease | null> {
  const claim = await tryClaim(key, { adopting: false });
  return claim.kind === 'held' ? claim.lease : null;
}

/** Takes a repeat that no worker on this host works on, whether its pytest lives or not; null where one does. */
export async function claimLeftBehind(key: RepeatKey): Promise<LaneLease | null> {
  const claim = await tryClaim(key, { adopting: true });
  return claim.kind === 'held' ? claim.lease : null;
}

async function tryClaim(key: RepeatKey, options: { adopting: boolean }): Promise<LeaseResult> {
  return await acquireLaneLease({
    resources: [`repeat/${sessionMark(key)}/${key.namespace}/${key.repeat}`],
    holder: `session ${key.session_id}, ${key.namespace}, repeat ${key.repeat}, worker ${process.pid}`,
    adopting: options.adopting,
  });
}
