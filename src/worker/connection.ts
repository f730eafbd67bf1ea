import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import proto from '@temporalio/proto';
import type { NativeConnection } from '@temporalio/worker';

import { CalibError } from '../domain/calib-error.ts';
import { messageOf } from '../domain/text.ts';
import { searchAttributeNames } from '../workflows/messages.ts';

export interface ClientSettings {
  /** host:port */
  address: string;
  namespace: string;
  /** Everything else of the profile: TLS, API key, headers. */
  connection: ReturnType<typeof loadClientConnectConfig>['connectionOptions'];
}

/**
 * Temporal's own client settings (`TEMPORAL_*`, `temporal.toml`), with the local defaults; calib invents none.
 *
 * @throws CalibError when a profile cannot be read
 */
export function loadClientSettings(): ClientSettings {
  try {
    const { connectionOptions, namespace } = loadClientConnectConfig();
    return {
      address: connectionOptions.address ?? '127.0.0.1:7233',
      namespace: namespace ?? 'default',
      connection: connectionOptions,
    };
  } catch (cause) {
    throw new CalibError('invalid-input', `Temporal client configuration: ${messageOf(cause)}`, {
      remedy: 'correct the TEMPORAL_* variables or temporal.toml',
      cause,
    });
  }
}

/**
 * Client options that keep a connection to this machine off the proxy of the environment, which gRPC would otherwise
 * use for loopback as well; another host may be reachable only through it.
 */
export function withoutLoopbackProxy(address: string): { channelArgs?: Record<string, number> } {
  const isLoopback = /^(localhost|127(\.\d+){3}|\[?::1\]?):\d+$/.test(address);
  return isLoopback ? { channelArgs: { 'grpc.enable_http_proxy': 0 } } : {};
}

/** Settings of an embedded server: a given local address and nothing of the operator's profile. */
export function localClientSettings(address: string): ClientSettings {
  return { address, namespace: 'default', connection: { address } };
}

const loopback = /^(127\.\d+\.\d+\.\d+|localhost|\[::1\]):(\d+)$/;
const limitMs = 500;

/**
 * True when nothing listens on an address of this machine: known at once, where the client would ask again for seconds.
 * False for every other address, since a proxy may stand between.
 *
 * @param address host:port
 */
export async function refusesConnections(address: string): Promise<boolean> {
  const [, host, port] = loopback.exec(address) ?? [];
  if (host === undefined || port === undefined) return false;
  return await new Promise((resolve) => {
    const socket = connect({ host: host.replace(/[[\]]/g, ''), port: Number(port), timeout: limitMs });
    const settle = (refused: boolean) => {
      socket.destroy();
      resolve(refused);
    };
    socket.once('connect', () => settle(false));
    socket.once('timeout', () => settle(false));
    socket.once('error', (error: NodeJS.ErrnoException) => settle(error.code === 'ECONNREFUSED'));
  });
}

const keyword = proto.temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD;
const names: string[] = Object.values(searchAttributeNames);

/** True when the namespace knows all of calib's search attributes: starting with an unknown one fails. */
export async function hasSearchAttributes(connection: Connection, namespace: string): Promise<boolean> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  return names.every((name) => customAttributes[name] !== undefined);
}

/** Registers what is missing; twice equals once. */
export async function registerSearchAttributes(connection: Connection, namespace: string): Promise<void> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = names.filter((name) => customAttributes[name] === undefined);
  if (missing.length === 0) return;
  await connection.operatorService.addSearchAttributes({
    namespace,
    searchAttributes: Object.fromEntries(missing.map((name) => [name, keyword])),
  });
}

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
