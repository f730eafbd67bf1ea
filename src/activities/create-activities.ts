import { ApplicationFailure } from '@temporalio/activity';

import { CalibError } from '../domain/calib-error.ts';
import { failureTypes } from '../domain/session/failure-types.ts';
import { appendRunLog } from '../host/run-directory/run-log.ts';
import type { ActivityDependencies } from './activity-dependencies.ts';
import type { SessionActivities } from './activity-types.ts';
import { applyThresholds } from './apply-thresholds.ts';
import { openSession } from './open-session.ts';
import { precheck } from './precheck.ts';
import { purgeRepeat } from './purge-repeat.ts';
import { runRepeat } from './run-repeat.ts';
import { storageFailure } from './storage-failure.ts';
import { syncSession } from './sync-session.ts';
import { writeReport } from './write-report.ts';

/** The activities of a worker, with their dependencies bound. */
export function createActivities(deps: ActivityDependencies): SessionActivities {
  return {
    openSession: (plan) => explained(() => openSession(plan)),
    precheck: (plan) => explained(() => precheck(plan, deps)),
    runRepeat: (input) => explained(() => runRepeat(input, deps)),
    discardRepeat: (input) => explained(() => purgeRepeat(input, deps)),
    syncSession: ({ run_dir }) => explained(() => syncSession(run_dir)),
    writeReport: ({ run_dir }) => explained(() => writeReport(run_dir)),
    applyThresholds: (input) => explained(() => applyThresholds(input)),
    logMilestones: ({ run_dir, lines }) => explained(() => appendRunLog(run_dir, lines, new Date())),
  };
}

/**
 * Turns errors meant for people into failures that no retry repeats; a disk that refuses is asked again, for as long as
 * it takes: nothing is lost meanwhile.
 */
async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const refusal = storageFailure(error);
    if (refusal !== null) throw refusal;
    if (!(error instanceof CalibError)) throw error;
    const message = error.remedy === undefined ? error.message : `${error.message} (${error.remedy})`;
    const maybePassing =
      error.code === 'not-ready' && (error.cause === undefined || storageFailure(error.cause) !== null);
    if (maybePassing) throw ApplicationFailure.create({ message, type: failureTypes.storage, cause: error });
    throw ApplicationFailure.nonRetryable(message, failureTypes.invalid);
  }
}
