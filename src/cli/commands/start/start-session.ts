import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import {
  defineSearchAttributeKey,
  type SearchAttributePair,
  SearchAttributeType,
  WorkflowIdReusePolicy,
} from '@temporalio/common';

import { dirname, join } from 'node:path';

import { CalibError } from '../../../domain/calib-error.ts';
import { historyEventsLimit, type SessionPlan } from '../../../domain/session/session-plan.ts';
import { pathExists } from '../../../host/run-directory/files.ts';
import { hasSearchAttributes } from '../../../worker/connection.ts';
import { webUiLink } from '../../../worker/server-record.ts';
import {
  calibrateWorkflowType,
  poolTaskQueue,
  searchAttributeNames,
  workflowTaskQueue,
} from '../../../workflows/messages.ts';
import { warn } from '../../output.ts';
import { hasPoller, type SessionClient } from '../../session/session-client.ts';

/** More names would be no hint any more. */
const mostTwins = 5;

/**
 * Names sessions that go on and may be the one meant: a `start` that was killed, or lost its connection, may have
 * begun one all the same, and whoever repeats the command has two. For servers that know calib's search attributes.
 */
export async function warnDuplicateSessions({ client }: SessionClient, plan: SessionPlan): Promise<void> {
  const { model, commit, label } = searchAttributeNames;
  const wanted = { [model]: plan.model, [commit]: plan.git_sha, [label]: plan.label };
  const alike = Object.entries(wanted).map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'`);
  const query = ["ExecutionStatus = 'Running'", ...alike].join(' AND ');
  try {
    let told = 0;
    for await (const { workflowId } of client.workflow.list({ query, pageSize: mostTwins })) {
      warn(
        `session ${workflowId} of the same model, commit and label goes on: \`calib watch ${workflowId}\` shows it, ` +
          `\`calib signal ${plan.session_id} abort\` ends the one begun now`,
      );
      told += 1;
      if (told === mostTwins) return;
    }
  } catch {
    // A server that cannot list at the moment may start a session all the same.
  }
}

export interface StartedSession {
  session: string;
  git_sha: string;
  run_dir: string;
  /** Page of this workflow; null where the namespace does not say where its Web UI is. */
  web_ui: string | null;
}

/**
 * Starts the session's workflow; its id is the session id, so that a run directory can have one session only.
 *
 * A fresh session whose id is taken (ids have one second, and all checkouts of a server share them) takes the next suffix.
 *
 * @throws CalibError `refused` when the session to be carried on is running
 */
export async function startSession(client: SessionClient, plan: SessionPlan): Promise<StartedSession> {
  for (let n = 1; ; n += 1) {
    const candidate = n === 1 ? plan : withSuffix(plan, n);
    if (!plan.resume && n < mostSuffixes && (await pathExists(candidate.run_dir))) continue;
    try {
      return await startAs(client, candidate);
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      if (!plan.resume && n < mostSuffixes) continue;
      throw new CalibError('refused', `session ${candidate.session_id} exists already`, {
        remedy: `see it with \`calib watch ${candidate.session_id}\``,
        cause: error,
      });
    }
  }
}

/** More sessions of one label do not begin within a second. */
const mostSuffixes = 100;

/** The same session under the id `<id>-<n>`, in the directory of that name. */
function withSuffix(plan: SessionPlan, n: number): SessionPlan {
  const session_id = `${plan.session_id}-${n}`;
  return { ...plan, session_id, run_dir: join(dirname(plan.run_dir), session_id) };
}

async function startAs(client: SessionClient, plan: SessionPlan): Promise<StartedSession> {
  const { settings, connection } = client;
  const known = await hasSearchAttributes(connection, settings.namespace).catch(() => false);
  if (!known)
    warn('this server lacks the Calib* search attributes: sessions are listed without state and commit');
  if (known && !plan.resume) await warnDuplicateSessions(client, plan);
  await client.client.workflow.start(calibrateWorkflowType, {
    workflowId: plan.session_id,
    taskQueue: workflowTaskQueue,
    args: [{ plan: { continue_as_new_events: historyEventsLimit, ...plan, search_attributes: known } }],
    // A directory whose workflow has ended may be continued; a running one never twice.
    workflowIdReusePolicy: plan.resume
      ? WorkflowIdReusePolicy.ALLOW_DUPLICATE
      : WorkflowIdReusePolicy.REJECT_DUPLICATE,
    staticSummary: `${plan.model} · ${plan.stages.length} stages × ${plan.repeats} · ${plan.git_sha.slice(0, 8)}`,
    staticDetails: `${plan.purpose === 'smoke' ? 'Smoke' : 'Calibration'} of \`${plan.model}\` on commit \`${plan.git_sha}\`, run directory \`${plan.run_dir}\`.`,
    ...(known ? { typedSearchAttributes: attributes(plan) } : {}),
  });
  const missing = await missingWorker(client, plan);
  if (missing !== null) warn(missing);
  return {
    session: plan.session_id,
    git_sha: plan.git_sha,
    run_dir: plan.run_dir,
    web_ui: await webUiLink(connection, settings.namespace, plan.session_id),
  };
}

function attributes(plan: SessionPlan): SearchAttributePair[] {
  const keyword = (name: string, value: string): SearchAttributePair => ({
    key: defineSearchAttributeKey(name, SearchAttributeType.KEYWORD),
    value,
  });
  return [
    keyword(searchAttributeNames.model, plan.model),
    keyword(searchAttributeNames.commit, plan.git_sha),
    keyword(searchAttributeNames.label, plan.label),
    keyword(searchAttributeNames.state, 'opening'),
  ];
}

/**
 * What has to be started before the session can go on, which is safe meanwhile; null where every queue is polled.
 */
export async function missingWorker(
  client: SessionClient,
  { task_queues, pool }: Pick<SessionPlan, 'task_queues' | 'pool'>,
): Promise<string | null> {
  if (!(await hasPoller(client, workflowTaskQueue, 'workflow'))) {
    return `no worker polls ${workflowTaskQueue}: the session waits until \`calib worker\` runs`;
  }
  if (!(await hasPoller(client, task_queues.repeats, 'activity'))) {
    return `no worker polls ${task_queues.repeats}: repeats wait until \`calib worker\` runs on this host`;
  }
  if (pool === undefined || (await hasPoller(client, poolTaskQueue(pool), 'activity'))) return null;
  return (
    `no worker polls ${poolTaskQueue(pool)}: repeats wait until \`calib worker\` is started (a running one: again) on a ` +
    `host whose profile has pool: ${pool}; \`start --no-pool\` needs this host only`
  );
}
