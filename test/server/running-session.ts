import { randomUUID } from 'node:crypto';

import {
  type Client,
  type WorkflowHandleWithStartDetails,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { type NativeConnection, Worker } from '@temporalio/worker';

import type {
  PoolHomeActivities,
  RunRepeatInput,
  SessionActivities,
} from '../../src/activities/activity-types.ts';
import type { StatusDocument } from '../../src/domain/audit/status-document.ts';
import type { StrictAuditDocument } from '../../src/domain/audit/strict-audit.ts';
import type { CommandKind, CommandPayload } from '../../src/domain/session/commands.ts';
import type { SessionPlan } from '../../src/domain/session/session-plan.ts';
import type { CommandReply, Phase, SessionState } from '../../src/domain/session/session-state.ts';
import type { UnitProgress } from '../../src/domain/session/session-view.ts';
import {
  type SessionResult,
  calibrateWorkflowType,
  commandSignals,
  commandUpdates,
  planQuery,
  stateQuery,
  statusQuery,
  strictAuditQuery,
  unitsQuery,
} from '../../src/workflows/messages.ts';

/** Where sessions of a test run: the connections of a server, and a queue on which the workflow code is polled. */
export interface TestPlace {
  client: Client;
  nativeConnection: NativeConnection;
  namespace: string;
  workflowQueue: string;
}

const UNTIL_LIMIT_MS = 20_000;
const UNTIL_POLL_MS = 15;

/** A session under test: commands through both doors, answers of its queries, and waiting for a state. */
export class RunningSession {
  readonly handle: WorkflowHandleWithStartDetails;

  constructor(handle: WorkflowHandleWithStartDetails) {
    this.handle = handle;
  }

  /** Sends an update; a refusal is an answer. The command's id is the update's id unless the payload names one. */
  async update(kind: CommandKind, payload: Record<string, unknown> = {}): Promise<CommandReply> {
    const id = typeof payload['id'] === 'string' ? payload['id'] : randomUUID();
    try {
      return await this.handle.executeUpdate<CommandReply, [CommandPayload]>(commandUpdates[kind].name, {
        args: [{ ...payload, id }],
        updateId: id,
      });
    } catch (error) {
      // An update that meets the hand-over of a history is not taken: the same id is sent again, which counts once.
      if (metHandOver(error)) return await this.update(kind, { ...payload, id });
      if (!(error instanceof WorkflowUpdateFailedError)) throw error;
      return { accepted: false, message: error.cause?.message ?? error.message };
    }
  }

  async signal(kind: CommandKind, payload?: unknown): Promise<void> {
    await this.handle.signal(commandSignals[kind].name, ...(payload === undefined ? [] : [payload]));
  }

  state = (): Promise<SessionState> => this.handle.query(stateQuery);
  plan = (): Promise<SessionPlan> => this.handle.query(planQuery);
  status = () => this.handle.query(statusQuery) as Promise<StatusDocument>;
  audit = () => this.handle.query(strictAuditQuery) as Promise<StrictAuditDocument>;
  units = () => this.handle.query(unitsQuery) as Promise<UnitProgress[]>;

  /** Asks for the state until it is as wanted; for changes that no activity of the test can see. */
  async until(wanted: (state: SessionState) => boolean): Promise<SessionState> {
    const deadline = Date.now() + UNTIL_LIMIT_MS;
    for (;;) {
      const state = await this.state();
      if (wanted(state)) return state;
      if (Date.now() > deadline) throw new Error(`not reached; the session is ${JSON.stringify(state)}`);
      await new Promise((resolve) => setTimeout(resolve, UNTIL_POLL_MS));
    }
  }

  untilPhase = (kind: Phase['kind']): Promise<SessionState> =>
    this.until((state) => state.phase.kind === kind && state.active.length === 0);

  /** Waits for the decision to be due, takes the report only, and gives the result. */
  async finish(): Promise<SessionResult> {
    await this.untilPhase('awaiting_decision');
    await this.update('apply', { mode: 'report' });
    return await this.result();
  }

  result = () => this.handle.result() as Promise<SessionResult>;
}

export interface SessionSetting {
  place: TestPlace;
  plan: SessionPlan;
  activities: SessionActivities;
  /** What the home host does more for the session of a pool. */
  poolHome?: PoolHomeActivities;
  /** Which queues no worker polls; for sessions without a worker on their host. */
  unpolled?: ('home' | 'repeats')[];
}

/** The plan with queues of its own: nothing of another test may take its work. */
export function withOwnQueues(plan: SessionPlan): SessionPlan {
  const { session_id: id } = plan;
  return { ...plan, task_queues: { home: `${id}/home`, repeats: `${id}/repeats` } };
}

/**
 * Starts a session and workers for its activities, runs the test's body, and stops them; the session is terminated if
 * it still runs.
 */
export async function withSession<T>(
  setting: SessionSetting,
  body: (session: RunningSession) => Promise<T>,
): Promise<T> {
  const { place, plan } = setting;
  const handle = await place.client.workflow.start(calibrateWorkflowType, {
    workflowId: plan.session_id,
    taskQueue: place.workflowQueue,
    args: [{ plan }],
  });
  try {
    return await withWorkers(setting, () => body(new RunningSession(handle)));
  } finally {
    await handle.terminate('the test is over').catch(() => undefined);
  }
}

/** Runs the body while workers poll the session's activity queues. */
export async function withWorkers<T>(setting: SessionSetting, body: () => Promise<T>): Promise<T> {
  const { place, plan, activities, poolHome, unpolled = [] } = setting;
  const connected = { connection: place.nativeConnection, namespace: place.namespace, identity: 'worker' };
  const workers: Promise<Worker>[] = [];
  if (!unpolled.includes('home')) {
    workers.push(
      Worker.create({
        ...connected,
        taskQueue: plan.task_queues.home,
        activities: {
          ...homeActivities(activities),
          ...(poolHome === undefined ? {} : poolHomeActivities(poolHome)),
        },
      }),
    );
  }
  if (!unpolled.includes('repeats')) {
    workers.push(
      Worker.create({
        ...connected,
        taskQueue: plan.task_queues.repeats,
        activities: { runRepeat: (input: RunRepeatInput) => activities.runRepeat(input) },
        // Otherwise an abort reaches a repeat only after most of its heartbeat timeout.
        maxHeartbeatThrottleInterval: 100,
      }),
    );
  }
  return await underAll(await Promise.all(workers), body);
}

async function underAll<T>(workers: Worker[], body: () => Promise<T>): Promise<T> {
  const [first, ...others] = workers;
  return first === undefined ? await body() : await first.runUntil(() => underAll(others, body));
}

/** Plain functions: a worker registers own properties, not methods of a class. */
function homeActivities(activities: SessionActivities): Omit<SessionActivities, 'runRepeat'> {
  return {
    openSession: (plan) => activities.openSession(plan),
    precheck: (plan) => activities.precheck(plan),
    discardRepeat: (input) => activities.discardRepeat(input),
    syncSession: (input) => activities.syncSession(input),
    writeReport: (input) => activities.writeReport(input),
    applyThresholds: (input) => activities.applyThresholds(input),
    logMilestones: (input) => activities.logMilestones(input),
  };
}

function poolHomeActivities(activities: PoolHomeActivities): PoolHomeActivities {
  return {
    readStandard: (input) => activities.readStandard(input),
    keepRepeat: (input) => activities.keepRepeat(input),
  };
}

function metHandOver(error: unknown): boolean {
  const { cause } = error instanceof Error ? error : {};
  return cause instanceof Error && cause.message.includes('due to unexpected workflow task failure');
}
