import { setTimeout as sleep } from 'node:timers/promises';

import { WorkflowNotFoundError } from '@temporalio/client';

import { CalibError } from '../../../domain/calib-error.ts';
import { haltDetailLines } from '../../../domain/observation/explain-halt.ts';
import { messageOf } from '../../../domain/text.ts';
import { phaseLine } from '../../../domain/session/session-view.ts';
import { type HaltCause, isEnd, type SessionState } from '../../../domain/session/session-state.ts';
import { readRunLogTail } from '../../../host/run-directory/logs/run-log.ts';
import { planQuery, stateQuery } from '../../../workflows/messages.ts';
import { InterruptedError } from '../../exit-code.ts';
import { answer, answerJson, listenForStop, note } from '../../output.ts';
import { readLiveRepeats } from '../../session/live-repeats.ts';
import { createProgressDisplay } from './progress.ts';
import { requireWorker, type SessionClient } from '../../session/session-client.ts';

export interface FollowOptions {
  json: boolean;
  /** Stay until the session has ended instead of returning when a person has to act. */
  untilEnd?: boolean;
}

/** How following ended. `ok`: the matrix is complete or the session completed; false: somebody has to look. */
export interface FollowEnd {
  ok: boolean;
  state: SessionState;
}

const pollMs = 1000;
const queryLimitMs = 10_000;
const closeLimitMs = 20_000;
const closePollMs = 200;
/** A worker that restarts is no reason to stop watching. */
const patienceMs = 120_000;

/**
 * Shows a session's progress until it needs a decision or ends. On a terminal one view is redrawn; elsewhere a line is
 * printed at each change and at least every minute.
 *
 * @throws InterruptedError at Ctrl-C, which does not touch the session
 * @throws CalibError `unreachable` when nobody has answered for two minutes
 */
export async function followSession(
  client: SessionClient,
  sessionId: string,
  options: FollowOptions,
): Promise<FollowEnd> {
  await requireWorker(client);
  const stop = listenForStop(() => undefined);
  try {
    return await Promise.race([
      untilPersonNeeded(client, sessionId, options, stop.signal),
      interruption(stop.signal),
    ]);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    note(`the session goes on: calib watch ${sessionId}`);
    throw new InterruptedError();
  } finally {
    stop.release();
  }
}

async function interruption(signal: AbortSignal): Promise<never> {
  return await new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new InterruptedError()), { once: true });
  });
}

async function untilPersonNeeded(
  client: SessionClient,
  sessionId: string,
  options: FollowOptions,
  stop: AbortSignal,
): Promise<FollowEnd> {
  const handle = client.client.workflow.getHandle(sessionId);
  const plan = await patiently({ client, sessionId, stop }, () => handle.query(planQuery));
  const display = createProgressDisplay(options.json);
  const close = () => display.close();
  stop.addEventListener('abort', close, { once: true });
  try {
    for (;;) {
      const state = await patiently({ client, sessionId, stop }, () => handle.query(stateQuery));
      const live = state.active.length === 0 ? [] : await readLiveRepeats(client, sessionId);
      const milestones = (await readRunLogTail(plan.run_dir)).split('\n').filter((line) => line !== '');
      if (stop.aborted) throw new InterruptedError();
      display.show({ plan, state, live, milestones, now: new Date() });
      if (isEnd(state.phase) || (!options.untilEnd && needsPerson(state))) {
        display.close();
        if (isEnd(state.phase)) await untilClosed(client, sessionId);
        announce(plan.session_id, state, options.json);
        return { ok: isGood(state), state };
      }
      await sleep(pollMs, undefined, { signal: stop });
    }
  } finally {
    stop.removeEventListener('abort', close);
    display.close();
  }
}

/** An ended session still has its last line to log: who stops the server next must not come before that. */
async function untilClosed(client: SessionClient, sessionId: string): Promise<void> {
  const deadline = Date.now() + closeLimitMs;
  const handle = client.client.workflow.getHandle(sessionId);
  while (Date.now() < deadline && (await handle.describe()).status.name === 'RUNNING') {
    await sleep(closePollMs);
  }
}

/** True for a matrix that is complete, and for a smoke that saw nothing wrong. */
function isGood({ phase }: SessionState): boolean {
  if (phase.kind === 'completed') return phase.smoke?.ok !== false;
  return phase.kind === 'awaiting_decision';
}

/** True in states that only a person can leave. */
function needsPerson(state: SessionState): boolean {
  return (
    ['halted', 'blocked', 'paused', 'awaiting_decision'].includes(state.phase.kind) &&
    state.active.length === 0
  );
}

function announce(sessionId: string, state: SessionState, json: boolean): void {
  if (json) {
    answerJson({ session: sessionId, state: state.phase.kind, phase: state.phase }, 'line');
    return;
  }
  // On a terminal it stands in the view already.
  if (!process.stdout.isTTY || !process.stderr.isTTY) answer(phaseLine(state.phase));
  if (state.phase.kind === 'completed') for (const line of state.phase.smoke?.lines ?? []) answer(line);
  const next = nextSteps(sessionId, state);
  if (next.length > 0) note(next.join('\n'));
}

function nextSteps(id: string, state: SessionState): string[] {
  switch (state.phase.kind) {
    case 'halted':
      return [...haltSteps(id, state.phase.cause), ...launchAnew(id, state.phase.cause)];
    case 'blocked':
      return ['fix the cause, then:', `  calib signal ${id} resume`];
    case 'paused':
      return [`  calib signal ${id} resume`];
    case 'awaiting_decision':
      return [
        `report: ${state.phase.report}`,
        'decide once, at a prompt or by options:',
        `  calib apply ${id}`,
        `  calib signal ${id} apply --mode report|smart|full`,
      ];
    default:
      return [];
  }
}

/** What the session has found out about its halt; of an older one only how it is ended. */
function haltSteps(id: string, cause: HaltCause): string[] {
  const details = haltDetailLines(cause);
  return cause.steps === undefined ? ['fix the cause, then:', `  calib signal ${id} resume`] : details;
}

/** Where the test itself was corrected, its old artifacts are of no use. */
function launchAnew(id: string, { stage, repeat }: HaltCause): string[] {
  if (stage === undefined || repeat === null) return [];
  return [
    'before that, to launch the repeat anew instead of reading its results again:',
    `  calib signal ${id} purge --stage ${stage} --repeat ${repeat} --reason "…"`,
  ];
}

/** A query with a deadline; while a worker or the server restarts it is asked again for two minutes. */
async function patiently<T>(
  { client, sessionId, stop }: { client: SessionClient; sessionId: string; stop: AbortSignal },
  query: () => Promise<T>,
): Promise<T> {
  const patience = Date.now() + patienceMs;
  for (;;) {
    try {
      return await client.connection.withDeadline(Date.now() + queryLimitMs, query);
    } catch (error) {
      if (stop.aborted) throw new InterruptedError();
      if (error instanceof WorkflowNotFoundError || Date.now() > patience) {
        throw new CalibError('unreachable', `session ${sessionId} does not answer: ${messageOf(error)}`, {
          remedy:
            'is its worker running? `calib worker` (or `calib up`) starts one; the session itself is safe',
          cause: error,
        });
      }
      await sleep(pollMs);
    }
  }
}
