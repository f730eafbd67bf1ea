import Table from 'cli-table3';

import { strictCounts } from '../domain/session/session-details.ts';
import { calibrateWorkflowType, planQuery, stateQuery, workflowTaskQueue } from '../workflows/messages.ts';
import { hasPoller } from './require-worker.ts';
import type { SessionClient } from './session-client.ts';

/** One line of `calib list`; what nobody could be asked for is null. */
export interface ListedSession {
  session: string;
  /** Phase of a session that can be asked, else Temporal's status in lower case. */
  state: string;
  model: string | null;
  git_sha: string | null;
  strict: number | null;
  total: number | null;
  started_at: string;
}

const QUERY_LIMIT_MS = 5000;
const MOST = 100;

/** Sessions, newest first: running ones, or (`all`) the newest hundred of any kind. */
export async function listSessions(client: SessionClient, all: boolean): Promise<ListedSession[]> {
  const running = all ? '' : " AND ExecutionStatus = 'Running'";
  const canAsk = await hasPoller(client, workflowTaskQueue, 'workflow');
  const sessions: ListedSession[] = [];
  const query = `WorkflowType = '${calibrateWorkflowType}'${running}`;
  for await (const info of client.client.workflow.list({ query, pageSize: MOST })) {
    const listed = {
      session: info.workflowId,
      state: info.status.name.toLowerCase(),
      model: null,
      git_sha: null,
      strict: null,
      total: null,
      started_at: info.startTime.toISOString(),
    };
    sessions.push(canAsk ? { ...listed, ...(await asked(client, info.workflowId)) } : listed);
    if (sessions.length >= MOST) break;
  }
  return sessions.sort((a, b) => (a.started_at < b.started_at ? 1 : -1));
}

async function asked(client: SessionClient, id: string): Promise<Partial<ListedSession>> {
  const handle = client.client.workflow.getHandle(id);
  try {
    return await client.connection.withDeadline(Date.now() + QUERY_LIMIT_MS, async () => {
      const plan = await handle.query(planQuery);
      const state = await handle.query(stateQuery);
      return {
        state: state.phase.kind,
        model: plan.model,
        git_sha: plan.git_sha,
        ...strictCounts(plan, state),
      };
    });
  } catch {
    // A terminated session, or one whose worker is busy: the list still shows it, with Temporal's status.
    return {};
  }
}

/** The table for people. */
export function renderSessions(sessions: ListedSession[]): string {
  if (sessions.length === 0) return 'no sessions';
  const table = new Table({
    head: ['session', 'state', 'strict', 'model', 'commit'],
    style: { head: [], border: [], compact: true },
  });
  for (const each of sessions) {
    const strict = each.strict === null ? '?' : `${each.strict}/${each.total}`;
    table.push([each.session, each.state, strict, each.model ?? '?', each.git_sha?.slice(0, 12) ?? '?']);
  }
  return table.toString();
}
