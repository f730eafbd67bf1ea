import { ApplicationFailure, Context } from '@temporalio/activity';

import { CalibError } from '../domain/calib-error.ts';
import { messageOf } from '../domain/text.ts';
import { failureTypes } from '../domain/session/session-state.ts';
import { appendRunLog } from '../host/run-directory/logs/run-log.ts';
import type { ActivityDependencies } from './repeat/repeat.ts';
import type {
  HostActivities,
  PoolActivities,
  PoolHomeActivities,
  SessionActivities,
} from './activity-types.ts';
import { applyThresholds, readStandard, writeReport } from './report-and-apply.ts';
import { joinSession } from './pool/join.ts';
import { keepRepeat } from './repeat/keep-repeat.ts';
import { openSession } from './open-session.ts';
import { precheck } from './precheck.ts';
import { purgeRepeat } from './repeat/end-repeat.ts';
import { readLogPart } from './read-log-part.ts';
import { runRepeat } from './repeat/run-repeat.ts';
import { boundedResult, isTransient, storageFailure, unexplained, withoutSecrets } from './failures.ts';
import { syncSession } from './sync-session.ts';

/** The activities of a worker, with their dependencies bound. */
export function createActivities(
  deps: ActivityDependencies,
): SessionActivities & HostActivities & PoolHomeActivities & PoolActivities {
  return {
    openSession: (plan) => atHome(() => openSession(plan, deps)),
    precheck: (plan) => atHome(() => precheck(plan, deps)),
    runRepeat: (input) => explained(() => runRepeat(input, deps)),
    discardRepeat: (input) => atHome(() => purgeRepeat(input, deps)),
    syncSession: ({ run_dir }) => atHome(() => syncSession(run_dir)),
    writeReport: ({ run_dir }) => atHome(() => writeReport(run_dir)),
    applyThresholds: (input) => atHome(() => applyThresholds(input)),
    readStandard: ({ run_dir }) => atHome(() => readStandard(run_dir)),
    keepRepeat: (input) => atHome(() => keepRepeat(input, deps)),
    joinSession: (input) => explained(() => joinSession(input, deps)),
    ping: async () => undefined,
    readLogPart: (input) => atHome(() => readLogPart(input)),
    logMilestones: ({ run_dir, lines }) => givenUp(() => appendRunLog(run_dir, lines, new Date())),
  };
}

/** A line that the disk does not take now is given up: the session keeps it among its notes and goes on. */
async function givenUp(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw withoutSecrets(ApplicationFailure.nonRetryable(messageOf(error), failureTypes.refused));
  }
}

async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return boundedResult(await work());
  } catch (error) {
    throw withoutSecrets(failureOf(error));
  }
}

/** Work on files, which waits for nothing but the disk: what fails for no known reason is given up after some attempts. */
async function atHome<T>(work: () => Promise<T>): Promise<T> {
  return await explained(async () => {
    try {
      return await work();
    } catch (error) {
      const isKnown =
        !(error instanceof Error) || storageFailure(error) !== null || error instanceof CalibError;
      throw isKnown ? error : unexplained(error, Context.current().info.attempt);
    }
  });
}

/**
 * Turns errors meant for people into failures that no retry repeats; a disk that refuses is asked again, for as long as
 * it takes: nothing is lost meanwhile.
 */
function failureOf(error: unknown): unknown {
  const refusal = storageFailure(error);
  if (refusal !== null) return refusal;
  if (!(error instanceof CalibError)) return error;
  const message = error.remedy === undefined ? error.message : `${error.message} (${error.remedy})`;
  return isTransient(error)
    ? ApplicationFailure.create({ message, type: failureTypes.storage, cause: error })
    : ApplicationFailure.nonRetryable(message, failureTypes.invalid);
}
