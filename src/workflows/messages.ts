import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';

import type { LogPart, ReadLogInput } from '../activities/activity-types.ts';
import type { CommandKind, CommandPayload } from '../domain/session/commands.ts';
import type { StartupReport } from '../domain/session/startup-report.ts';
import type { SessionPlan } from '../domain/session/session-plan.ts';
import type { CommandReply, SessionState } from '../domain/session/session-state.ts';

/** The workflow type's name, as it stands in histories. */
export const calibrateWorkflowType = 'calibrate';

/** Type of the small workflow that fetches part of a log from another host; its result is a `LogPart`. */
export const readLogWorkflowType = 'readLog';

export type { LogPart };
/** Its argument: the host that the log lies on, and which part. */
export type ReadLogRequest = ReadLogInput & { host: string };

/** Queue that workflow tasks of all sessions run on; GPU work never does. */
export const workflowTaskQueue = 'calib-sessions';

/** Names of the activity queues of one host: never the workflow queue, so that nothing is dispatched eagerly onto GPUs. */
export function hostTaskQueues(hostId: string): { home: string; repeats: string } {
  return { home: `calib-home-${hostId}`, repeats: `calib-repeats-${hostId}` };
}

/** Queue of a pool: its hosts take the offers of sessions from it, and then get repeats through queues of their own. */
export function poolTaskQueue(pool: string): string {
  return `calib-pool-${pool}`;
}

/** Every command has two doors with one implementation behind: an update (answered) and a signal (Web UI, `temporal`). */
export const commandSignals = {
  pause: defineSignal<[CommandPayload?]>('pause'),
  resume: defineSignal<[CommandPayload?]>('resume'),
  purge: defineSignal<[CommandPayload?]>('purge'),
  apply: defineSignal<[CommandPayload?]>('apply'),
  abort: defineSignal<[CommandPayload?]>('abort'),
} satisfies Record<CommandKind, unknown>;

export const commandUpdates = {
  pause: defineUpdate<CommandReply, [CommandPayload?]>('pause'),
  resume: defineUpdate<CommandReply, [CommandPayload?]>('resume'),
  purge: defineUpdate<CommandReply, [CommandPayload?]>('purge'),
  apply: defineUpdate<CommandReply, [CommandPayload?]>('apply'),
  abort: defineUpdate<CommandReply, [CommandPayload?]>('abort'),
} satisfies Record<CommandKind, unknown>;

/** From a running repeat to its session: a start-up that takes longer than usual, and its end. */
export const startupSignal = defineSignal<[StartupReport]>('startup');

export interface StatusQueryInput {
  /** Run directory facts only the caller can see (log sizes, GPUs) are merged in by the command line. */
  compact?: boolean;
}

export const statusQuery = defineQuery<unknown, [StatusQueryInput?]>('status');
export const strictAuditQuery = defineQuery<unknown>('strict-audit');
export const planQuery = defineQuery<SessionPlan>('plan');
export const unitsQuery = defineQuery<unknown>('units');
/** The whole state; for the command line's own views. */
export const stateQuery = defineQuery<SessionState>('state');

/** Search attributes of a session, all of type Keyword. */
export const searchAttributeNames = {
  model: 'CalibModel',
  commit: 'CalibCommit',
  state: 'CalibState',
  label: 'CalibLabel',
} as const;

/** The workflow's result. */
export interface SessionResult {
  outcome: 'completed' | 'aborted' | 'failed';
  message: string;
  run_dir: string;
  git_sha: string;
  report: string | null;
  /** Literals that were changed. */
  applied: number;
  /** What was changed, a line each: `<file>:<symbol> = <new>`; long lists are cut, and say so. */
  changes: string[];
}

/** The workflow's argument; `state` is what a previous run handed on. */
export interface SessionInput {
  plan: SessionPlan;
  state?: SessionState;
}
