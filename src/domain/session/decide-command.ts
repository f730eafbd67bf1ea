import type { Command } from './commands.ts';
import { type RepeatId, markOf, repeatKey } from './schedule.ts';
import type { SessionPlan } from './session-plan.ts';
import { type CommandReply, type SessionState, isEnd } from './session-state.ts';

/** Whether the session takes a command in its present state, and why not. Changes nothing (update validators call it). */
export function decideCommand(plan: SessionPlan, state: SessionState, command: Command): CommandReply {
  const known = state.replies.find((entry) => entry.id === command.id);
  if (known !== undefined) return known.reply;
  if (isEnd(state.phase)) return refuse(`the session has ended (${state.phase.kind})`);
  switch (command.kind) {
    case 'pause':
      return decidePause(state);
    case 'resume':
      return decideResume(state);
    case 'purge':
      return decidePurge(plan, state, command);
    case 'apply':
      return decideApply(state, command);
    case 'abort':
      return decideAbort(state);
  }
}

const accept = (message: string): CommandReply => ({ accepted: true, message });
const refuse = (message: string): CommandReply => ({ accepted: false, message });

function decidePause(state: SessionState): CommandReply {
  switch (state.phase.kind) {
    case 'opening':
    case 'prechecking':
    case 'calibrating':
      return accept(
        state.active.length > 0
          ? 'pausing: nothing new is launched; the running repeat goes on to its end'
          : 'paused: nothing new is launched',
      );
    case 'paused':
      return accept('already paused');
    default:
      return refuse(`nothing to pause: the session is ${state.phase.kind}`);
  }
}

function decideResume(state: SessionState): CommandReply {
  switch (state.phase.kind) {
    case 'paused':
      return accept('resumed');
    case 'halted':
    case 'blocked':
      return accept('resumed: existing artifacts are re-read before anything is launched again');
    default:
      return state.pause_requested
        ? accept('resumed')
        : refuse(`nothing to resume: the session is ${state.phase.kind}`);
  }
}

const PURGE_PHASES = new Set(['calibrating', 'paused', 'halted', 'blocked', 'awaiting_decision']);

function decidePurge(
  plan: SessionPlan,
  state: SessionState,
  command: Extract<Command, { kind: 'purge' }>,
): CommandReply {
  if (!PURGE_PHASES.has(state.phase.kind)) {
    return refuse(`nothing can be purged while the session is ${state.phase.kind}`);
  }
  if (state.decision !== null) return refuse('the decision has been taken: nothing can be purged any more');
  const targets = purgeTargets(plan, command);
  if (!targets.ok) return refuse(targets.message);
  const running = targets.ids.find((id) => markOf(state, id) === 'r');
  if (running !== undefined) {
    return refuse(`${running.namespace} repeat ${running.repeat} is running: wait for its end or abort`);
  }
  const recorded = targets.ids.filter((id) => markOf(state, id) !== '.');
  if (recorded.length === 0)
    return refuse(`nothing is recorded for repeat ${command.repeat}: it will be run anyway`);
  const names = recorded.map((id) => id.namespace).join(', ');
  return accept(`${names} repeat ${command.repeat} is set aside for all its stages and run again`);
}

/** The whole pytest repeats that a purge of one stage or test file means (all stages of the unit, spec 05 §5). */
export function purgeTargets(
  plan: SessionPlan,
  command: Extract<Command, { kind: 'purge' }>,
): { ok: true; ids: RepeatId[] } | { ok: false; message: string } {
  if ((command.stage === undefined) === (command.test === undefined)) {
    return { ok: false, message: 'purge takes either a stage or a test file' };
  }
  if (command.repeat > plan.repeats) {
    return {
      ok: false,
      message: `repeat ${command.repeat} does not exist: the session has 1 to ${plan.repeats}`,
    };
  }
  const units = plan.units.filter((unit) =>
    command.stage === undefined
      ? unit.test === command.test ||
        unit.test.endsWith(`/${command.test}`) ||
        unit.namespace === command.test
      : unit.stages.includes(command.stage),
  );
  if (units.length > 0) {
    return { ok: true, ids: units.map(({ namespace }) => ({ namespace, repeat: command.repeat })) };
  }
  return command.stage === undefined
    ? { ok: false, message: `no test file ${command.test}; known: ${unique(plan.units.map((u) => u.test))}` }
    : { ok: false, message: `no stage ${command.stage}; known: ${unique(plan.stages.map((s) => s.key))}` };
}

function unique(names: string[]): string {
  return [...new Set(names)].sort().join(', ');
}

function decideApply(state: SessionState, command: Extract<Command, { kind: 'apply' }>): CommandReply {
  if (state.decision !== null) return refuse('the decision has been taken already: it is accepted once');
  if (state.phase.kind !== 'awaiting_decision') {
    return refuse(`no decision is due: the session is ${state.phase.kind}`);
  }
  if (state.purges.length > 0)
    return refuse('a purge is under way: decide when the matrix is complete again');
  return accept(command.mode === 'report' ? 'report only: no file is edited' : `applying (${command.mode})`);
}

function decideAbort(state: SessionState): CommandReply {
  if (state.phase.kind === 'applying') return refuse('thresholds are being written: wait for the end');
  return accept('aborting: a running pytest is stopped, everything recorded is kept');
}

/** Takes an accepted command into the state; the main loop acts on it. Changes `state`; the same id twice changes nothing. */
export function takeCommand(plan: SessionPlan, state: SessionState, command: Command): CommandReply {
  const seen = state.replies.some((entry) => entry.id === command.id);
  const reply = decideCommand(plan, state, command);
  if (seen) return reply;
  const waitsForLoop = reply.accepted && (command.kind === 'purge' || command.kind === 'apply');
  state.replies.push({ id: command.id, reply, settled: !waitsForLoop });
  if (state.replies.length > 200) state.replies.shift();
  if (!reply.accepted) return reply;
  switch (command.kind) {
    case 'pause':
      state.pause_requested = true;
      break;
    case 'resume':
      state.pause_requested = false;
      state.resume_requested = state.phase.kind === 'halted' || state.phase.kind === 'blocked';
      break;
    case 'purge':
      queuePurges(plan, state, command);
      break;
    case 'apply':
      state.decision = { command_id: command.id, mode: command.mode, decide: command.decide };
      break;
    case 'abort':
      state.abort_requested = command.reason ?? 'aborted by the operator';
      break;
  }
  return reply;
}

function queuePurges(
  plan: SessionPlan,
  state: SessionState,
  command: Extract<Command, { kind: 'purge' }>,
): void {
  const targets = purgeTargets(plan, command);
  if (!targets.ok) return;
  for (const id of targets.ids) {
    if (markOf(state, id) === '.') continue;
    const queued = state.purges.some((purge) => repeatKey(purge) === repeatKey(id));
    if (!queued)
      state.purges.push({
        command_id: command.id,
        ...id,
        reason: command.reason ?? 'purged by the operator',
      });
  }
}

/** Replaces the first answer to a command by its outcome, for whoever waits for it. Changes `state`. */
export function settleCommand(state: SessionState, commandId: string, reply?: CommandReply): void {
  const entry = state.replies.find((known) => known.id === commandId);
  if (entry === undefined) return;
  entry.reply = reply ?? entry.reply;
  entry.settled = true;
}
