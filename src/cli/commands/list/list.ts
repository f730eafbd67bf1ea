import type { WorkflowExecutionInfo } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import Table from 'cli-table3';
import type { Command } from 'commander';

import { strictCounts } from '../../../domain/session/session-view.ts';
import {
  calibrateWorkflowType,
  planQuery,
  searchAttributeNames,
  stateQuery,
  workflowTaskQueue,
} from '../../../workflows/messages.ts';
import { addSharedOptions, sharedOptionValues } from '../../options.ts';
import { addExamples, answer, answerJson } from '../../output.ts';
import { hasPoller, type SessionClient } from '../../session/session-client.ts';

/** One line of `calib list`; what nobody could be asked for is null. */
export interface ListedSession {
  session: string;
  /** Phase of the session where it or the server's index tells it, else Temporal's status in lower case. */
  state: string;
  model: string | null;
  git_sha: string | null;
  strict: number | null;
  total: number | null;
  started_at: string;
}

const queryLimitMs = 5000;
const askedAtOnce = 10;
const mostSessions = 100;

/** Sessions, newest first: running ones, or (`all`) the newest hundred of any kind. */
export async function listSessions(client: SessionClient, all: boolean): Promise<ListedSession[]> {
  const running = all ? '' : " AND ExecutionStatus = 'Running'";
  const query = `WorkflowType = '${calibrateWorkflowType}'${running}`;
  const indexed: Indexed[] = [];
  for await (const info of client.client.workflow.list({ query, pageSize: mostSessions })) {
    indexed.push(fromIndex(info));
    if (indexed.length >= mostSessions) break;
  }
  const sessions = (await hasPoller(client, workflowTaskQueue, 'workflow'))
    ? await withAnswers(client, indexed)
    : indexed.map(({ listed }) => listed);
  return sessions.sort((a, b) => (a.started_at < b.started_at ? 1 : -1));
}

interface Indexed {
  listed: ListedSession;
  /** False for one that was terminated or the like: its own state is what it was doing, not what it is. */
  canTell: boolean;
  /** A directory that was carried on has several runs under one id, each with its own state. */
  runId: string;
}

/** What the server knows by itself: the search attributes outlive every worker. */
function fromIndex(info: WorkflowExecutionInfo): Indexed {
  const attribute = (name: string): string | null => {
    const key = defineSearchAttributeKey(name, SearchAttributeType.KEYWORD);
    return info.typedSearchAttributes.get(key) ?? null;
  };
  const status = info.status.name;
  const canTell = status === 'RUNNING' || status === 'COMPLETED';
  const listed = {
    session: info.workflowId,
    state: (canTell ? attribute(searchAttributeNames.state) : null) ?? status.toLowerCase(),
    model: attribute(searchAttributeNames.model),
    git_sha: attribute(searchAttributeNames.commit),
    strict: null,
    total: null,
    started_at: info.startTime.toISOString(),
  };
  return { listed, canTell, runId: info.runId };
}

/** Asks the sessions themselves, a few at a time; a round without any answer is the last one. */
async function withAnswers(client: SessionClient, indexed: Indexed[]): Promise<ListedSession[]> {
  const sessions = indexed.filter(({ canTell }) => !canTell).map(({ listed }) => listed);
  const open = indexed.filter(({ canTell }) => canTell);
  let answering = true;
  for (let from = 0; from < open.length; from += askedAtOnce) {
    const round = open.slice(from, from + askedAtOnce);
    const answers: (Partial<ListedSession> | null)[] = answering
      ? await Promise.all(round.map(async (each) => await asked(client, each)))
      : [];
    answering = answers.some((answer) => answer !== null);
    sessions.push(...round.map(({ listed }, index) => ({ ...listed, ...answers[index] })));
  }
  return sessions;
}

async function asked(
  client: SessionClient,
  { listed, runId }: Indexed,
): Promise<Partial<ListedSession> | null> {
  const handle = client.client.workflow.getHandle(listed.session, runId);
  try {
    return await client.connection.withDeadline(Date.now() + queryLimitMs, async () => {
      const [plan, state] = await Promise.all([handle.query(planQuery), handle.query(stateQuery)]);
      return {
        state: state.phase.kind,
        model: plan.model,
        git_sha: plan.git_sha,
        ...strictCounts(plan, state),
      };
    });
  } catch {
    // A terminated session, or one whose worker is busy: the list still shows what the server knows.
    return null;
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

export function register(program: Command): void {
  const command = program
    .command('list')
    .description('List the running sessions, with state, commit and strict count.')
    .option('--all', 'ended ones as well');
  addSharedOptions(command, ['json']);
  addExamples(command, ['calib list --all']);
  command.action(async (options: { all?: boolean }, self: Command) => {
    const { withSessionClient } = await import('../../session/session-client.ts');
    await withSessionClient(async (client) => {
      const sessions = await listSessions(client, options.all === true);
      if (sharedOptionValues(self).json) answerJson(sessions);
      else answer(renderSessions(sessions));
    });
  });
}
