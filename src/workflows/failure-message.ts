import { ActivityFailure, ApplicationFailure, TemporalFailure, TimeoutFailure } from '@temporalio/workflow';

/** The innermost message of a failure: what an operator needs to read, without Temporal's wrapping. */
export function failureMessage(error: unknown): string {
  if (error instanceof ActivityFailure && error.cause instanceof TimeoutFailure) {
    return `${error.activityType}: ${error.cause.message}`;
  }
  if (error instanceof ActivityFailure && error.cause !== undefined) return failureMessage(error.cause);
  if (error instanceof ApplicationFailure || error instanceof TemporalFailure) return error.message;
  // Anything else is a fault of workflow code: let the workflow task fail and be repaired, not the session.
  throw error;
}

/** True when no worker took an activity in time: it was never started, at least not by this attempt. */
export function isUntaken(error: unknown): boolean {
  return (
    error instanceof ActivityFailure &&
    error.cause instanceof TimeoutFailure &&
    error.cause.timeoutType === 'SCHEDULE_TO_START'
  );
}
