import { Client, Connection } from '@temporalio/client';
import proto from '@temporalio/proto';

import { CalibError } from '../../domain/calib-error.ts';
import {
  type ClientSettings,
  loadClientSettings,
  refusesConnections,
  withoutLoopbackProxy,
} from '../../worker/connection.ts';
import { loadDataConverter } from '../../worker/encryption.ts';
import { requireNamespace } from '../../worker/require-namespace.ts';
import { workflowTaskQueue } from '../../workflows/messages.ts';

/** A connection of one command; to be closed by whoever opened it. */
export interface SessionClient {
  client: Client;
  connection: Connection;
  settings: ClientSettings;
  close: () => Promise<void>;
}

const connectLimitMs = 5_000;

/**
 * Connects to the Temporal server of the standard client configuration.
 *
 * @throws CalibError `unreachable` with how to start one, or for a namespace that it does not have
 */
export async function openSessionClient(): Promise<SessionClient> {
  const settings = loadClientSettings();
  const dataConverter = loadDataConverter(process.env);
  if (await refusesConnections(settings.address)) throw noServer(settings.address);
  try {
    const connection = await Connection.connect({
      ...withoutLoopbackProxy(settings.address),
      ...settings.connection,
      address: settings.address,
      connectTimeout: connectLimitMs,
    });
    try {
      await requireNamespace(connection, settings);
    } catch (error) {
      await connection.close();
      throw error;
    }
    const client = new Client({ connection, namespace: settings.namespace, dataConverter });
    return { client, connection, settings, close: () => connection.close() };
  } catch (cause) {
    if (cause instanceof CalibError) throw cause;
    throw noServer(settings.address, cause);
  }
}

function noServer(address: string, cause?: unknown): CalibError {
  return new CalibError('unreachable', `no Temporal server answers on ${address}`, {
    remedy: 'start one with `calib up`, or set TEMPORAL_ADDRESS to yours',
    cause,
  });
}

/** Runs a command's work with a connection and closes it whatever happens. */
export async function withSessionClient<T>(work: (client: SessionClient) => Promise<T>): Promise<T> {
  const opened = await openSessionClient();
  try {
    return await work(opened);
  } finally {
    await opened.close();
  }
}

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
