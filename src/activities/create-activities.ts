import { ApplicationFailure } from '@temporalio/activity';

import { CalibError } from '../domain/calib-error.ts';
import { utcTimestamp } from '../domain/clock.ts';
import { failureTypes } from '../domain/session/failure-types.ts';
import { discardRepeat } from '../host/run-directory/discard-repeat.ts';
import { appendRunLog } from '../host/run-directory/run-log.ts';
import type { ActivityDependencies } from './activity-dependencies.ts';
import type { SessionActivities } from './activity-types.ts';
import { openSession } from './open-session.ts';
import { precheck } from './precheck.ts';
import { runRepeat } from './run-repeat.ts';
import { auditDirectory, readSessionFiles, unitOf } from './session-files.ts';
import { writeReport } from './write-report.ts';

/** The activities of a worker, with their dependencies bound. */
export function createActivities(deps: ActivityDependencies): SessionActivities {
  return {
    openSession: (plan) => explained(() => openSession(plan)),
    precheck: (plan) => explained(() => precheck(plan)),
    runRepeat: (input) => explained(() => runRepeat(input, deps)),
    discardRepeat: (input) =>
      explained(async () => {
        const { plan } = await readSessionFiles(input.run_dir);
        await discardRepeat({
          runDir: input.run_dir,
          namespace: input.namespace,
          repeat: input.repeat,
          stages: unitOf(plan, input.namespace).stages,
          reason: input.reason,
          at: utcTimestamp(new Date()),
          requestedBy: 'operator',
          commandId: input.command_id,
        });
      }),
    syncSession: ({ run_dir }) => explained(async () => ({ ...(await auditDirectory(run_dir)), notes: [] })),
    writeReport: ({ run_dir }) => explained(() => writeReport(run_dir)),
    applyThresholds: async ({ mode }) =>
      mode === 'report'
        ? { kind: 'applied', edits: 0, summary: ['report only: no file edited'] }
        : {
            kind: 'refused',
            reason: `mode ${mode} is not available in this version: decide with --mode report`,
          },
    logMilestones: ({ run_dir, lines }) => explained(() => appendRunLog(run_dir, lines, new Date())),
  };
}

/** Turns errors meant for people into failures that no retry repeats; a disk that refuses is asked again. */
async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CalibError)) throw error;
    const message = error.remedy === undefined ? error.message : `${error.message} (${error.remedy})`;
    if (error.code === 'not-ready')
      throw ApplicationFailure.create({ message, type: failureTypes.storage, cause: error });
    throw ApplicationFailure.nonRetryable(message, failureTypes.invalid);
  }
}
