import { realpath } from 'node:fs/promises';

import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { z } from 'zod';

import { CalibError } from '../../domain/calib-error.ts';
import { calibrateWorkflowType } from '../../workflows/messages.ts';
import type { CliContext } from '../options.ts';
import { note } from '../output.ts';
import type { SessionClient } from './session-client.ts';

/** Where `latest` looks: this checkout's sessions, or with `any` those of the whole namespace. */
export type SessionScope = Pick<CliContext, 'repoRoot' | 'any'>;

/** Sessions that are asked for their checkout before `latest` gives up: each costs one small request. */
const mostAsked = 500;

const startedWith = z.looseObject({ plan: z.looseObject({ repo_root: z.string().max(4096) }) });

/**
 * The workflow id that SESSION means: an id, an unambiguous prefix, or `latest`, the newest session of this checkout. An id
 * that was not given in full is said on stderr, so that nobody acts on a session that they do not mean.
 *
 * @throws CalibError `unreachable` when there is none, `invalid-input` when several fit or no checkout is known
 */
export async function resolveSession(
  { client }: Pick<SessionClient, 'client'>,
  reference: string,
  scope: SessionScope,
): Promise<string> {
  if (reference !== 'latest' && (await exists(client, reference))) return reference;
  const session =
    reference === 'latest' ? await latestSession(client, scope) : await byPrefix(client, reference);
  note(`session: ${session}`);
  return session;
}

async function byPrefix(client: Client, prefix: string): Promise<string> {
  const ids = new Set<string>();
  const query = `WorkflowType = '${calibrateWorkflowType}' AND WorkflowId STARTS_WITH '${prefix.replaceAll("'", '')}'`;
  for await (const { workflowId } of client.workflow.list({ query })) ids.add(workflowId);
  const [only] = ids;
  if (only === undefined) {
    throw new CalibError('unreachable', `no session ${prefix}`, { remedy: '`calib list --all` shows them' });
  }
  if (ids.size === 1) return only;
  throw new CalibError(
    'invalid-input',
    `${prefix} fits several sessions: ${[...ids].slice(0, 10).join(', ')}`,
    { remedy: 'give more of the id' },
  );
}

async function latestSession(client: Client, scope: SessionScope): Promise<string> {
  const checkout = scope.any ? null : await ownCheckout(scope);
  const found = new Map<string, number>();
  for await (const { workflowId, startTime } of client.workflow.list({
    query: `WorkflowType = '${calibrateWorkflowType}'`,
  })) {
    found.set(workflowId, Math.max(startTime.getTime(), found.get(workflowId) ?? 0));
  }
  const newestFirst = [...found].sort(([, a], [, b]) => b - a).map(([id]) => id);
  for (const id of newestFirst.slice(0, mostAsked)) {
    if (checkout === null || (await checkoutOf(client, id)) === checkout) return id;
  }
  const where = checkout === null ? '' : ` of checkout ${checkout}`;
  throw new CalibError('unreachable', `no session${where}`, {
    remedy:
      checkout === null
        ? '`calib list --all` shows them'
        : '`calib list --all` shows those of other checkouts; give an id, --repo-root, or --any for the newest of all',
  });
}

async function ownCheckout(scope: SessionScope): Promise<string> {
  const { path } = await scope.repoRoot().catch((cause: unknown) => {
    throw new CalibError('invalid-input', 'latest is the newest session of a checkout, and here is none', {
      remedy: 'give the session’s id, --repo-root DIR, or --any for the newest of all',
      cause,
    });
  });
  return await realpath(path).catch(() => path);
}

/** As the first event of its history has it: no worker is needed. Null where that cannot be read. */
async function checkoutOf(client: Client, workflowId: string): Promise<string | null> {
  try {
    const { history } = await client.workflowService.getWorkflowExecutionHistory({
      namespace: client.options.namespace,
      execution: { workflowId },
      maximumPageSize: 1,
    });
    const started = history?.events?.[0]?.workflowExecutionStartedEventAttributes;
    const [input] = await decodeArrayFromPayloads(
      client.options.loadedDataConverter,
      started?.input?.payloads ?? [],
    );
    const root = startedWith.parse(input).plan.repo_root;
    return await realpath(root).catch(() => root);
  } catch {
    return null;
  }
}

async function exists(client: Client, workflowId: string): Promise<boolean> {
  try {
    await client.workflow.getHandle(workflowId).describe();
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
