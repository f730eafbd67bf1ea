import type { FaultWorld } from './fault-world.ts';
import type { FaultedSession } from './faulted-session.ts';

/** Resets a session to before its first or last workflow task, as `temporal workflow reset` does. */
export async function resetSession(
  { client }: FaultWorld,
  { id }: FaultedSession,
  to: 'first' | 'last',
): Promise<void> {
  const handle = client.workflow.getHandle(id);
  const { runId } = await handle.describe();
  const { events } = await handle.fetchHistory();
  const tasks = (events ?? []).filter((event) => event.workflowTaskCompletedEventAttributes);
  const task = to === 'first' ? tasks[0] : tasks.at(-1);
  if (!task?.eventId) throw new Error(`${id} has nothing to be reset to`);
  await client.workflowService.resetWorkflowExecution({
    namespace: client.options.namespace,
    workflowExecution: { workflowId: id, runId },
    reason: 'by an operator',
    requestId: `${runId}-${to}`,
    workflowTaskFinishEventId: task.eventId,
  });
}
