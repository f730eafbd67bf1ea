import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';

import type {
  HostActivities,
  PoolActivities,
  PoolHomeActivities,
  SessionActivities,
} from '../activities/activity-types.ts';
import { failureTypes } from '../domain/session/session-state.ts';
import type { SessionPlan } from '../domain/session/session-plan.ts';
import { hostTaskQueues, poolTaskQueue } from './messages.ts';

/** An unwritten milestone is no reason to hold a session up. */
const logWaitMs = 60_000;

/** A host of a pool that does not take what it is given within this time is asked whether it is there. */
const hostWaitMs = 30_000;

const neverRetried = [failureTypes.invalid, failureTypes.refused, failureTypes.final];

/** The activities that work on the run directory and the checkout. */
export type HomeActivities = ReturnType<typeof homeActivities>;

export interface ActivityProxies {
  /** Fails as untaken (`isUntaken`) when no worker polls the queue for a while. */
  home: HomeActivities;
  /** Waits for a worker without limit. */
  patientHome: HomeActivities;
  /** For lines that are worth little: given up soon. */
  log: HomeActivities;
  repeats: RepeatActivities;
  /**
   * The repeats of one host of the pool; fails as untaken (`isUntaken`) soon after it has gone, or, after it has left
   * the repeat lying `timesUntaken` times, later and later: each time costs a long history some events.
   */
  repeatsOn: (host: string, timesUntaken: number) => RepeatActivities;
  /** Whether a host of the pool is there; fails when it is not. */
  hostAt: (host: string) => Pick<HostActivities, 'ping'>;
  /** Waits for a host of the pool without limit. */
  pool: ReturnType<typeof poolActivities>;
}

type RepeatActivities = ReturnType<typeof repeatActivities>;

/** The session's activities, bound to its task queues and retry rules. */
export function activityProxies(plan: SessionPlan): ActivityProxies {
  const waitMs = plan.policies.worker_wait_s * 1000;
  return {
    home: homeActivities(plan, waitMs),
    patientHome: homeActivities(plan),
    log: homeActivities(plan, Math.min(waitMs, logWaitMs)),
    repeats: repeatActivities(plan, plan.task_queues.repeats, waitMs),
    repeatsOn: (host, timesUntaken) => {
      const queue = host === plan.hostname ? plan.task_queues.repeats : hostTaskQueues(host).repeats;
      return repeatActivities(plan, queue, Math.min(waitMs, hostWaitMs * 2 ** timesUntaken));
    },
    hostAt: (host) =>
      proxyActivities<Pick<HostActivities, 'ping'>>({
        taskQueue: host === plan.hostname ? plan.task_queues.home : hostTaskQueues(host).home,
        scheduleToStartTimeout: Math.min(waitMs, hostWaitMs),
        startToCloseTimeout: '10 seconds',
        retry: { maximumAttempts: 1 },
      }),
    pool: poolActivities(plan),
  };
}

/** Short file work on the host that holds the run directory: repeated until the disk lets it. */
function homeActivities(plan: SessionPlan, scheduleToStartTimeout?: number) {
  return proxyActivities<SessionActivities & PoolHomeActivities>({
    taskQueue: plan.task_queues.home,
    startToCloseTimeout: '10 minutes',
    // MAINTENANCE: every activity of this queue sends heartbeats, `worker/run-worker.ts`.
    heartbeatTimeout: '30 seconds',
    ...(scheduleToStartTimeout === undefined ? {} : { scheduleToStartTimeout }),
    retry: {
      initialInterval: '1 second',
      maximumInterval: '30 seconds',
      nonRetryableErrorTypes: neverRetried,
    },
  });
}

/**
 * One pytest repeat. Attempts are unlimited here because restarts and missed heartbeats use them up as well; real infra
 * failures are counted by the activity itself from the attempts on disk (at most `attempts_per_pass`).
 */
function repeatActivities(plan: SessionPlan, taskQueue: string, scheduleToStartTimeout: number) {
  const limitSeconds = Math.max(...plan.units.map((unit) => unit.timeout_s ?? plan.policies.timeout_s));
  return proxyActivities<Pick<SessionActivities, 'runRepeat'>>({
    taskQueue,
    scheduleToStartTimeout,
    // On top of pytest's own limit: the gate, the wait for memory to be given back, clean-up and recording.
    startToCloseTimeout: (limitSeconds + 2 * plan.policies.gpu_wait_s + 1800) * 1000,
    heartbeatTimeout: '30 seconds',
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: {
      initialInterval: plan.policies.retry_backoff_s * 1000,
      backoffCoefficient: 2,
      maximumInterval: '1 minute',
      nonRetryableErrorTypes: neverRetried,
    },
  });
}

/** The offer of a session to the hosts of its pool; one that has answered already leaves it to the others. */
function poolActivities(plan: SessionPlan) {
  return proxyActivities<PoolActivities>({
    taskQueue: poolTaskQueue(plan.pool ?? ''),
    startToCloseTimeout: '30 minutes',
    heartbeatTimeout: '30 seconds',
    retry: {
      initialInterval: '5 seconds',
      backoffCoefficient: 1,
      nonRetryableErrorTypes: neverRetried,
    },
  });
}
