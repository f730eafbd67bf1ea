import proto from '@temporalio/proto';

import { CalibError } from '../domain/calib-error.ts';
import { workflowTaskQueue } from '../workflows/messages.ts';
import type { SessionClient } from './session-client.ts';

type QueueKind = 'workflow' | 'activity';

const types = {
  workflow: proto.temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
  activity: proto.temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
} as const;

/** True when some worker has polled the queue within the last minutes. */
export async function hasPoller(client: SessionClient, queue: string, kind: QueueKind): Promise<boolean> {
  const { pollers } = await client.connection.workflowService.describeTaskQueue({
    namespace: client.settings.namespace,
    taskQueue: { name: queue },
    taskQueueType: types[kind],
  });
  return (pollers ?? []).length > 0;
}

/**
 * Makes sure that somebody can answer: a query to a session without a worker hangs until its deadline.
 *
 * @throws CalibError `unreachable` naming the queue and the command that starts a worker
 */
export async function requireWorker(client: SessionClient): Promise<void> {
  if (await hasPoller(client, workflowTaskQueue, 'workflow')) return;
  throw new CalibError('unreachable', `no worker polls task queue ${workflowTaskQueue}: nobody can answer`, {
    remedy: 'start one with `calib worker` (or `calib up`); the session itself is safe',
  });
}
