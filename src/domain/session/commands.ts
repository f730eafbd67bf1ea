import { z } from 'zod';

import { forgetRefused } from '../pool/pool.ts';
import { redactSecrets } from '../secrets/redact-secrets.ts';
import { firstIssue } from '../text.ts';
import { cutText, longestIdentityBytes, shown, shownList } from '../untrusted/cut-text.ts';
import { endQuarantine, quarantineText } from '../lanes/session-lanes.ts';
import { markOf, type RepeatId, repeatKey } from './schedule.ts';
import { isSmoke } from './smoke.ts';
import type { SessionPlan } from './session-plan.ts';
import { type CommandReply, isEnd, longestNote, type SessionState } from './session-state.ts';
import { nextStep } from './session-view.ts';

/** What a person typed ends in artifacts. */
const reason = z.string().max(1000).transform(redactSecrets).optional();
const commandId = z.string().min(1).max(200);
/** A stage key, a test file, a metric: what is longer names nothing that a plan could have. */
const identity = z.string().max(longestIdentityBytes);
/** A decision for every metric of the largest sessions, and more. */
const mostDecisions = 2000;
/** Names in one reply. */
const mostNamed = 30;

/** What the handlers take. `id` makes a second delivery harmless; without one each delivery is a new command. */
export const commandSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('pause'), id: commandId }),
  z.object({ kind: z.literal('resume'), id: commandId }),
  z.object({
    kind: z.literal('purge'),
    id: commandId,
    stage: identity.optional(),
    test: identity.optional(),
    repeat: z.number().int().positive(),
    reason,
  }),
  z.object({
    kind: z.literal('apply'),
    id: commandId,
    mode: z.enum(['report', 'smart', 'full']),
    decide: z
      .record(identity, z.string().max(100))
      .refine((decisions) => Object.keys(decisions).length <= mostDecisions, {
        error: `at most ${mostDecisions} decisions`,
      })
      .default({}),
  }),
  z.object({ kind: z.literal('abort'), id: commandId, reason }),
]);
export type Command = z.infer<typeof commandSchema>;
export type CommandKind = Command['kind'];

export const commandKinds: readonly CommandKind[] = ['pause', 'resume', 'purge', 'apply', 'abort'];

/** The payload of one kind's signal or update: the command without its kind; the id may be left out. */
export type CommandPayload = Record<string, unknown> | undefined;

/**
 * Reads a handler's payload. Gives the command, or one line saying which key is wrong and what would be valid:
 * a bad signal must never fail a workflow task.
 */
export function parseCommand(
  kind: CommandKind,
  payload: unknown,
  fallbackId: string,
): { ok: true; command: Command } | { ok: false; message: string } {
  const given = payload === undefined || payload === null ? {} : payload;
  if (typeof given !== 'object' || Array.isArray(given)) {
    return { ok: false, message: `${kind}: the payload must be a JSON object` };
  }
  const parsed = commandSchema.safeParse({ id: fallbackId, ...given, kind });
  if (parsed.success) return { ok: true, command: parsed.data };
  return { ok: false, message: shown(`${kind}: ${firstIssue(parsed.error, 'payload')}`, longestNote) };
}

export type PurgeCommand = Extract<Command, { kind: 'purge' }>;

/** The whole pytest repeats that a purge of one stage or test file means (all stages of the unit). */
export function purgeTargets(
  plan: SessionPlan,
  command: PurgeCommand,
): { ok: true; ids: RepeatId[] } | { ok: false; message: string } {
  const { stage, test, repeat } = command;
  if ((stage === undefined) === (test === undefined)) {
    return { ok: false, message: 'purge takes either a stage or a test file' };
  }
  if (repeat > plan.repeats) {
    return { ok: false, message: `repeat ${repeat} does not exist: the session has 1 to ${plan.repeats}` };
  }
  const units = plan.units.filter((unit) =>
    stage === undefined
      ? unit.test === test || unit.test.endsWith(`/${test}`) || unit.namespace === test
      : unit.stages.includes(stage),
  );
  if (units.length > 0) return { ok: true, ids: units.map(({ namespace }) => ({ namespace, repeat })) };
  return stage === undefined
    ? {
        ok: false,
        message: `no test file ${shown(test ?? '')}; known: ${unique(plan.units.map((unit) => unit.test))}`,
      }
    : { ok: false, message: `no stage ${shown(stage)}; known: ${unique(plan.stages.map(({ key }) => key))}` };
}

function unique(names: string[]): string {
  return shownList([...new Set(names)].sort(), mostNamed).join(', ');
}

/**
 * Whether the session takes a command in its present state, why not, and what happens next. Changes nothing (update
 * validators call it).
 */
export function decideCommand(plan: SessionPlan, state: SessionState, command: Command): CommandReply {
  const known = state.replies.find((entry) => entry.id === command.id);
  if (known !== undefined) return known.reply;
  if (isEnd(state.phase)) return refuse(`the session has ended (${state.phase.kind})`);
  if (command.kind === 'abort') return decideAbort(state);
  if (state.abort_requested !== null) return refuse('the session is being aborted: nothing else is taken');
  switch (command.kind) {
    case 'pause':
      return decidePause(state);
    case 'resume':
      return decideResume(state);
    case 'purge':
      return decidePurge(plan, state, command);
    case 'apply':
      return decideApply(state, command);
  }
}

const accept = (message: string): CommandReply => ({ accepted: true, message });
const refuse = (message: string): CommandReply => ({ accepted: false, message });

/** "the session is awaiting_decision: …": why a command makes no sense, and what would. */
function standing({ phase }: SessionState): string {
  return `the session is ${phase.kind}: ${nextStep(phase)}`;
}

function decidePause(state: SessionState): CommandReply {
  const running = state.active.length;
  switch (state.phase.kind) {
    case 'opening':
    case 'prechecking':
      return accept('pausing: after the checks nothing is launched until `resume`');
    case 'calibrating':
      if (state.pause_requested) return accept('already paused; `resume` continues');
      return running > 0
        ? accept(
            `pausing: ${running} running repeat(s) go on to their end, nothing new starts until \`resume\``,
          )
        : accept('paused: nothing is launched until `resume`');
    case 'paused':
      return accept('already paused; `resume` continues');
    default:
      return refuse(`nothing to pause: ${standing(state)}`);
  }
}

function decideResume(state: SessionState): CommandReply {
  const { phase } = state;
  switch (phase.kind) {
    case 'paused':
      return accept('resumed: the next repeat is launched');
    case 'blocked':
      if (phase.cause === 'no-worker') {
        return hasRefused(state)
          ? accept('resumed: the refused hosts may prove themselves again')
          : accept(`the session resumes automatically: ${nextStep(phase)}`);
      }
      return accept('resumed: the run directory is read again, what is missing is run with a fresh budget');
    case 'halted':
      return accept(
        'resumed: existing artifacts are read again, what is still missing is run with a fresh budget',
      );
    default:
      if (state.pause_requested) return accept('resumed: the next repeat is launched');
      return phase.kind === 'calibrating' ? resumeLeftAlone(state) : refuse(nothingToResume(state));
  }
}

/** While repeats are run, what was left alone is taken up again. */
function resumeLeftAlone(state: SessionState): CommandReply {
  if (quarantineText(state) !== '') return accept('resumed: the quarantined lanes are used again');
  return hasRefused(state)
    ? accept('resumed: the refused hosts may prove themselves again')
    : refuse(nothingToResume(state));
}

function hasRefused({ pool }: SessionState): boolean {
  return Object.values(pool?.hosts ?? {}).some((host) => host.state === 'refused');
}

function nothingToResume(state: SessionState): string {
  return `nothing to resume: ${standing(state)}`;
}

const afterPurge: Partial<Record<SessionState['phase']['kind'], string>> = {
  calibrating: 'run again next',
  paused: 'run again after `resume`',
  halted: 'run again after `resume`',
  blocked: 'run again after `resume`',
  awaiting_decision: 'run again; then the report is written anew and a decision is asked for once more',
};

function decidePurge(plan: SessionPlan, state: SessionState, command: PurgeCommand): CommandReply {
  if (isSmoke(plan)) return refuse('nothing to purge: a smoke launches every unit once and records nothing');
  const next = afterPurge[state.phase.kind];
  if (next === undefined) return refuse(`nothing can be purged: ${standing(state)}`);
  if (state.decision !== null) return refuse('the decision has been taken: nothing can be purged any more');
  const targets = purgeTargets(plan, command);
  if (!targets.ok) return refuse(targets.message);
  const running = targets.ids.find((id) => markOf(state, id) === 'r');
  if (running !== undefined) {
    return refuse(`${running.namespace} repeat ${running.repeat} is running: wait for its end, or abort`);
  }
  const recorded = targets.ids.filter((id) => markOf(state, id) !== '.');
  if (recorded.length === 0) {
    return refuse(`nothing is recorded for repeat ${command.repeat}: it will be run anyway`);
  }
  const names = `${recorded.map((id) => id.namespace).join(', ')} repeat ${command.repeat}`;
  if (recorded.every((id) => isQueued(state, id))) return accept(`${names} is being discarded already`);
  return accept(`${names} is discarded for all its stages and ${next}`);
}

function decideApply(state: SessionState, command: Extract<Command, { kind: 'apply' }>): CommandReply {
  if (state.decision !== null) return refuse('the decision has been taken already: it is accepted once');
  if (state.phase.kind !== 'awaiting_decision') return refuse(`no decision is due: ${standing(state)}`);
  if (state.purges.length > 0) {
    return refuse('a purge is under way: decide when the matrix is complete again');
  }
  return command.mode === 'report'
    ? accept('report only: no file is edited and the session ends')
    : accept(`applying (${command.mode}): all files or none are written, then the session ends`);
}

function decideAbort(state: SessionState): CommandReply {
  if (state.decision !== null) return refuse('the decision is being carried out: wait for the end');
  if (state.abort_requested !== null) return accept('already aborting');
  return accept(
    'aborting: a running pytest is stopped, everything recorded is kept and the session ends; `calib start --resume` can continue with its directory',
  );
}

/**
 * Takes an accepted command into the state; the main loop acts on it. Changes `state`; the same id twice changes
 * nothing.
 */
export function takeCommand(plan: SessionPlan, state: SessionState, command: Command): CommandReply {
  const seen = state.replies.some((entry) => entry.id === command.id);
  const reply = bounded(decideCommand(plan, state, command));
  if (seen) return reply;
  const waitsForLoop = reply.accepted && applyCommand(plan, state, command);
  state.replies.push({ id: command.id, reply, settled: !waitsForLoop });
  if (state.replies.length > 200) state.replies.shift();
  return reply;
}

/** Replies are carried on with the state: no name in them makes it grow without end. */
function bounded(reply: CommandReply): CommandReply {
  return { ...reply, message: cutText(reply.message, longestNote) };
}

/** Writes an accepted command into the state; true when the main loop will settle it. */
function applyCommand(plan: SessionPlan, state: SessionState, command: Command): boolean {
  const { phase } = state;
  switch (command.kind) {
    case 'pause':
      state.pause_requested = true;
      return false;
    case 'resume': {
      const isParked = phase.kind === 'blocked' && phase.cause === 'no-worker';
      state.pause_requested = false;
      // Out of a halt or block the main loop does this, after everything has come to rest.
      if (phase.kind === 'calibrating' || phase.kind === 'paused') {
        endQuarantine(state);
      }
      const isGoingOn = phase.kind === 'calibrating' || phase.kind === 'paused' || isParked;
      if (isGoingOn && state.pool !== undefined) forgetRefused(state.pool);
      state.resume_requested = phase.kind === 'halted' || (phase.kind === 'blocked' && !isParked);
      return false;
    }
    case 'purge':
      return queuePurges(plan, state, command);
    case 'apply':
      state.decision = { command_id: command.id, mode: command.mode, decide: command.decide };
      return true;
    case 'abort':
      state.abort_requested ??= command.reason ?? 'aborted by the operator';
      return false;
  }
}

function isQueued(state: SessionState, id: RepeatId): boolean {
  return state.purges.some((purge) => repeatKey(purge) === repeatKey(id));
}

/** True when this command has put something into the queue: only then will something settle it. */
function queuePurges(plan: SessionPlan, state: SessionState, command: PurgeCommand): boolean {
  const targets = purgeTargets(plan, command);
  if (!targets.ok) return false;
  const ids = targets.ids.filter((id) => markOf(state, id) !== '.' && !isQueued(state, id));
  for (const id of ids) {
    state.purges.push({
      command_id: command.id,
      ...id,
      reason: command.reason ?? 'purged by the operator',
    });
  }
  return ids.length > 0;
}

/** Replaces the first answer to a command by its outcome, for whoever waits for it. Changes `state`. */
export function settleCommand(state: SessionState, commandId: string, reply?: CommandReply): void {
  const entry = state.replies.find((known) => known.id === commandId);
  if (entry === undefined) return;
  entry.reply = bounded(reply ?? entry.reply);
  entry.settled = true;
}
