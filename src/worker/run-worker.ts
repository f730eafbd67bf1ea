import { appendFileSync } from 'node:fs';

import { Client } from '@temporalio/client';
import {
  type ActivityInterceptorsFactory,
  DefaultLogger,
  type Logger,
  makeTelemetryFilterString,
  NativeConnection,
  Runtime,
  Worker,
  type WorkerOptions,
} from '@temporalio/worker';

import type { RunRepeatInput } from '../activities/activity-types.ts';
import { createActivities } from '../activities/create-activities.ts';
import { observeSmoke } from '../activities/repeat/observe-smoke.ts';
import type { PoolMember } from '../activities/pool/pool-member.ts';
import { CalibError } from '../domain/calib-error.ts';
import { utcTimestamp } from '../domain/text.ts';
import { hostTaskQueues, poolTaskQueue, startupSignal, workflowTaskQueue } from '../workflows/messages.ts';
import { type ClientSettings, untilPolling } from './connection.ts';
import { loadDataConverter } from './encryption.ts';
import { requireNamespace } from './require-namespace.ts';
import { stopOrphanedTests, keepStoppingOrphanedTests } from './orphaned-tests.ts';
import { createWorkflowWorker } from './create-workflow-worker.ts';
import { payloadConverterPath, workflowSource } from './workflow-bundle.ts';

/** A third of the heartbeat timeout of the activities on the home queue (`workflows/activity-proxies.ts`). */
const everyMs = 10_000;

/**
 * Lets every activity of a worker tell the server that it lives, at once and again while it works. A task that was
 * handed to a worker just as that was killed, frozen or stopped is then given to another after half a minute;
 * without, a line of the log could hold a session up for ten.
 */
export const heartbeating: ActivityInterceptorsFactory = (context) => ({
  inbound: {
    execute: async (input, next) => {
      context.heartbeat();
      const timer = setInterval(() => context.heartbeat(), everyMs);
      try {
        return await next(input);
      } finally {
        clearInterval(timer);
      }
    },
  },
});

/**
 * How many requests for work each of a host's workers keeps open, instead of the SDK's ten a queue: a worker that
 * runs one or a few repeats has no use for more, and questions wait a little less behind a burst of ends
 * (`bench/results`).
 */
export const pollCounts = {
  /** Two for the sessions that are in the cache, one for others. */
  workflows: { maxConcurrentWorkflowTaskPolls: 3 },
  home: { maxConcurrentActivityTaskPolls: 2 },
  repeats: { maxConcurrentActivityTaskPolls: 4 },
} as const;

/** The SDK's log lines in a file (0600), one JSON-ish line each: stdout and stderr belong to the command line. */
export function fileLogger(path: string): Logger {
  return new DefaultLogger('INFO', ({ level, message, meta, timestampNanos }) => {
    const at = utcTimestamp(new Date(Number(timestampNanos / 1_000_000n)));
    const details = meta === undefined ? '' : ` ${printable(meta)}`;
    try {
      appendFileSync(path, `${at} ${level} ${message}${details}\n`, { mode: 0o600 });
    } catch {
      // A full disk must not take the worker down with its log.
    }
  });
}

function printable(meta: Record<string | symbol, unknown>): string {
  const { error, ...rest } = meta;
  const shown = error instanceof Error ? { ...rest, error: error.stack } : rest;
  return JSON.stringify(shown, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
}

export type { MemberBasis, PoolMember } from '../activities/pool/pool-member.ts';

export interface RunWorkerOptions {
  settings: ClientSettings;
  /** The machine's name (`machineName`): its queues and records bear it. */
  hostname: string;
  /** GPU indices this worker may use; null = all that the driver lists. */
  gpus: number[] | null;
  /** Repeats that run at the same time on this host. */
  lanes: number;
  /** What this host brings into the sessions of its pool; null where it belongs to none. */
  member: PoolMember | null;
  /** File that takes the SDK's own log lines. */
  log: string;
  /** Called when the server sees every queue polled. */
  onReady: () => void;
  /** Ends the worker: it drains, running repeats go on under their supervisors. */
  stop: AbortSignal;
}

/**
 * Runs this host's worker until it is stopped: workflow tasks of all sessions, file work of sessions whose run
 * directory is here, pytest repeats, and the offers of its pool.
 *
 * @throws CalibError when no server answers, or it lacks the namespace
 */
export async function runWorker(options: RunWorkerOptions): Promise<void> {
  installRuntime(options.log);
  const connection = await connect(options.settings);
  try {
    const { settings, member } = options;
    await requireNamespace(connection, settings);
    const strays = { connection, namespace: settings.namespace, runRoot: member?.runRoot ?? null };
    await stopOrphanedTests(strays);
    const workers = await createWorkers(options, connection);
    const shutdown = () => {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    };
    options.stop.addEventListener('abort', shutdown, { once: true });
    const ended = new AbortController();
    const running = workers.map(async (worker) => {
      try {
        await worker.run();
      } finally {
        // One that fails takes the others along: a host with half a worker would look alive.
        ended.abort();
        shutdown();
      }
    });
    if (options.stop.aborted) shutdown();
    const given = AbortSignal.any([options.stop, ended.signal]);
    await Promise.all([
      ...running,
      announceReady(options, { connection, workers, given }),
      keepStoppingOrphanedTests(strays, given),
    ]);
  } finally {
    await connection.close();
  }
}

async function announceReady(
  { settings, onReady }: RunWorkerOptions,
  parts: { connection: NativeConnection; workers: Worker[]; given: AbortSignal },
): Promise<void> {
  const queues = parts.workers.map(({ options: { taskQueue, identity } }) => ({
    name: taskQueue,
    identity,
    kind: taskQueue === workflowTaskQueue ? ('workflow' as const) : ('activity' as const),
  }));
  await untilPolling(parts.connection, settings.namespace, { queues, stop: parts.given });
  if (!parts.given.aborted) onReady();
}

type Activities = ReturnType<typeof createActivities>;

/** Queues of activities that do not run on the home queue. */
const otherQueues: Record<string, 'repeats' | 'pool'> = { runRepeat: 'repeats', joinSession: 'pool' };

function activitiesOf(activities: Activities, queue: 'home' | 'pool'): Partial<Activities> {
  return Object.fromEntries(
    Object.entries(activities).filter(([name]) => (otherQueues[name] ?? 'home') === queue),
  );
}

let installed = false;

function installRuntime(log: string): void {
  if (installed) return;
  installed = true;
  Runtime.install({
    logger: fileLogger(log),
    // Signals are the command line's business: it drains the worker before it stops the server.
    shutdownSignals: [],
    telemetryOptions: {
      logging: { filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }), forward: {} },
    },
  });
}

async function connect(settings: ClientSettings): Promise<NativeConnection> {
  try {
    return await NativeConnection.connect({ ...settings.connection, address: settings.address });
  } catch (cause) {
    throw new CalibError('unreachable', `no Temporal server answers on ${settings.address}`, {
      remedy: 'start one with `calib up`, or set TEMPORAL_ADDRESS',
      cause,
    });
  }
}

async function createWorkers(options: RunWorkerOptions, connection: NativeConnection): Promise<Worker[]> {
  const { settings, hostname, gpus, lanes, member } = options;
  const { namespace } = settings;
  const queues = hostTaskQueues(hostname);
  const dataConverter = loadDataConverter(process.env);
  const client = new Client({ connection, namespace, dataConverter });
  const activities = createActivities({
    hostname,
    gpus,
    lanes,
    launchExtras: observeSmoke,
    ...(member === null ? {} : { member }),
    isSessionOpen: async (workflowId, runId) => {
      const { status } = await client.workflow.getHandle(workflowId, runId).describe();
      return status.name === 'RUNNING';
    },
    tellStartup: async (workflowId, runId, report) => {
      await client.workflow.getHandle(workflowId, runId).signal(startupSignal, report);
    },
  });
  const shared = {
    connection,
    namespace,
    dataConverter,
    shutdownGraceTime: '3 seconds',
    shutdownForceTime: '30 seconds',
  } as const;
  return await Promise.all([
    createWorkflowWorker({
      ...shared,
      ...workflowSource({ encrypted: dataConverter.failureConverterPath !== undefined }),
      dataConverter: { ...dataConverter, payloadConverterPath },
      taskQueue: workflowTaskQueue,
      maxCachedWorkflows: 50,
      ...pollCounts.workflows,
    }),
    Worker.create({
      ...shared,
      taskQueue: queues.home,
      activities: activitiesOf(activities, 'home'),
      interceptors: { activity: [heartbeating] },
      ...pollCounts.home,
    }),
    Worker.create({
      ...shared,
      taskQueue: queues.repeats,
      activities: { runRepeat: (input: RunRepeatInput) => activities.runRepeat(input) },
      maxConcurrentActivityTaskExecutions: lanes,
      ...pollCounts.repeats,
      // Heartbeats carry the answer "cancelled" back: the SDK's default would let an abort wait for 24 s.
      maxHeartbeatThrottleInterval: '2 seconds',
    }),
    ...(member === null ? [] : [createPoolWorker({ shared, activities, pool: member.pool })]),
  ]);
}

/** Takes few offers at a time: the answer to each needs a look through a whole checkout. */
async function createPoolWorker(parts: {
  shared: Omit<WorkerOptions, 'taskQueue'>;
  activities: Activities;
  pool: string;
}): Promise<Worker> {
  return await Worker.create({
    ...parts.shared,
    taskQueue: poolTaskQueue(parts.pool),
    activities: activitiesOf(parts.activities, 'pool'),
    interceptors: { activity: [heartbeating] },
    maxConcurrentActivityTaskExecutions: 2,
  });
}
