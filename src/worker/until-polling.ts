import { setTimeout as sleep } from 'node:timers/promises';

import proto from '@temporalio/proto';
import type { NativeConnection } from '@temporalio/worker';

const { TASK_QUEUE_TYPE_ACTIVITY, TASK_QUEUE_TYPE_WORKFLOW } = proto.temporal.api.enums.v1.TaskQueueType;

export interface PolledQueue {
  name: string;
  kind: 'workflow' | 'activity';
  /** Identity of the worker that is to be seen there. */
  identity: string;
}

const lookEveryMs = 100;

/** Resolves when the server has seen each worker poll its queue: from then on work and queries reach it. */
export async function untilPolling(
  connection: NativeConnection,
  namespace: string,
  { queues, stop }: { queues: readonly PolledQueue[]; stop: AbortSignal },
): Promise<void> {
  for (const queue of queues) {
    while (!stop.aborted && !(await isPolled(connection, namespace, queue))) await sleep(lookEveryMs);
  }
}

async function isPolled(
  connection: NativeConnection,
  namespace: string,
  queue: PolledQueue,
): Promise<boolean> {
  try {
    const { pollers } = await connection.workflowService.describeTaskQueue({
      namespace,
      taskQueue: { name: queue.name },
      taskQueueType: queue.kind === 'workflow' ? TASK_QUEUE_TYPE_WORKFLOW : TASK_QUEUE_TYPE_ACTIVITY,
    });
    return (pollers ?? []).some(({ identity }) => identity === queue.identity);
  } catch {
    // The server may be away for a moment; the workers outlast that as well.
    return false;
  }
}
