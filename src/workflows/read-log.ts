import { proxyActivities } from '@temporalio/workflow';

import type { HostActivities, LogPart } from '../activities/activity-types.ts';
import { failureTypes } from '../domain/session/session-state.ts';
import { type ReadLogRequest, hostTaskQueues } from './messages.ts';

/**
 * Fetches part of a log from the host that it lies on: the only way from the command line to the file of another
 * host. It belongs to no session, changes nothing, and fails soon where that host does not answer.
 */
export async function readLog({ host, ...input }: ReadLogRequest): Promise<LogPart> {
  const { readLogPart } = proxyActivities<HostActivities>({
    taskQueue: hostTaskQueues(host).home,
    scheduleToStartTimeout: '30 seconds',
    startToCloseTimeout: '1 minute',
    heartbeatTimeout: '30 seconds',
    retry: { maximumAttempts: 3, nonRetryableErrorTypes: [failureTypes.invalid, failureTypes.refused] },
  });
  return await readLogPart(input);
}
