import { patched } from '@temporalio/workflow';

/**
 * Changes to the order of a session's commands, oldest first. A history that was begun before a change does not carry its
 * marker, and replays the old order (docs/versioning.md). An entry stays as long as a session that is older than it may
 * still run.
 */
const changes = {
  /** The calibration is awaited within the step of the pool, in sessions without a pool as well. */
  poolStepAlways: 'pool-step-always',
  /** A purge during the halt before the precheck is carried out there, not after the resume. */
  purgeBeforePrecheck: 'purge-before-precheck',
} as const;

/** True in sessions that were begun, or continued as new, since the step of the pool is always there. */
export function hasPoolStepAlways(): boolean {
  return patched(changes.poolStepAlways);
}

/** True in sessions that carry out a purge while they are halted before their precheck. */
export function hasPurgeBeforePrecheck(): boolean {
  return patched(changes.purgeBeforePrecheck);
}
