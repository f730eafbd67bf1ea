import type { Client } from '@temporalio/client';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { z } from 'zod';

import type { ClosedSession } from '../activities/end-closed-sessions.ts';

const inputSchema = z.object({ plan: z.object({ session_id: z.string(), run_dir: z.string() }) });

/**
 * The session of an id when this server has closed it, by what it was started with. Null when it goes on, is not known here
 * or cannot be asked for: no proof, then, that nobody wants its results.
 */
export async function findClosedSession(client: Client, sessionId: string): Promise<ClosedSession | null> {
  try {
    const { status } = await client.workflow.getHandle(sessionId).describe();
    if (status.name === 'RUNNING') return null;
    const { history } = await client.workflowService.getWorkflowExecutionHistory({
      namespace: client.options.namespace,
      execution: { workflowId: sessionId },
      maximumPageSize: 1,
    });
    const started = history?.events?.[0]?.workflowExecutionStartedEventAttributes;
    const [input] = await decodeArrayFromPayloads(
      client.options.loadedDataConverter,
      started?.input?.payloads ?? [],
    );
    return inputSchema.parse(input).plan;
  } catch {
    return null;
  }
}
