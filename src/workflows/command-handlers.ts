import {
  ApplicationFailure,
  condition,
  setDefaultSignalHandler,
  setHandler,
  uuid4,
} from '@temporalio/workflow';

import {
  type CommandKind,
  commandKinds,
  type CommandPayload,
  decideCommand,
  parseCommand,
  takeCommand,
} from '../domain/session/commands.ts';
import {
  addNote,
  type CommandReply,
  failureTypes,
  type SessionState,
} from '../domain/session/session-state.ts';
import type { SessionPlan } from '../domain/session/session-plan.ts';
import { takeStartupReport } from '../domain/session/startup-report.ts';
import { shown } from '../domain/untrusted/cut-text.ts';
import { commandSignals, commandUpdates, startupSignal } from './messages.ts';
import { now } from './session-context.ts';

/** Registers both doors (update and signal) of every command on one implementation. Call before the first `await`. */
export function registerCommandHandlers(plan: SessionPlan, state: SessionState, changed: () => void): void {
  for (const kind of commandKinds) {
    setHandler(
      commandUpdates[kind],
      (payload?: CommandPayload) => answer(plan, state, kind, payload, changed),
      {
        // Synchronous and without effect: a validator that rejects asynchronously would wedge the session.
        validator: (payload?: CommandPayload) => refuseImpossible(plan, state, kind, payload),
      },
    );
    setHandler(commandSignals[kind], (payload?: CommandPayload) => {
      const { reply } = deliver(plan, state, kind, payload);
      if (!reply.accepted) addNote(state, now(), `signal ${kind} changed nothing: ${reply.message}`);
      changed();
    });
  }
  setHandler(startupSignal, (payload) => {
    if (takeStartupReport(state, payload)) changed();
  });
  setDefaultSignalHandler((name) => {
    addNote(state, now(), `signal ${shown(name)} changed nothing: there is no such command`);
    changed();
  });
}

function refuseImpossible(
  plan: SessionPlan,
  state: SessionState,
  kind: CommandKind,
  payload: CommandPayload,
): void {
  const parsed = parseCommand(kind, payload, 'validator');
  const reply = parsed.ok ? decideCommand(plan, state, parsed.command) : { accepted: false, ...parsed };
  if (!reply.accepted) throw ApplicationFailure.nonRetryable(reply.message, failureTypes.refused);
}

function deliver(
  plan: SessionPlan,
  state: SessionState,
  kind: CommandKind,
  payload: CommandPayload,
): { id: string; reply: CommandReply } {
  const parsed = parseCommand(kind, payload, uuid4());
  if (!parsed.ok) return { id: '', reply: { accepted: false, message: parsed.message } };
  return { id: parsed.command.id, reply: takeCommand(plan, state, parsed.command) };
}

/** An update's answer: of a purge or an apply, what came of it, not only that it was taken. */
async function answer(
  plan: SessionPlan,
  state: SessionState,
  kind: CommandKind,
  payload: CommandPayload,
  changed: () => void,
): Promise<CommandReply> {
  const { id, reply } = deliver(plan, state, kind, payload);
  changed();
  const outcome = () => state.replies.find((entry) => entry.id === id);
  await condition(() => outcome()?.settled ?? true);
  return outcome()?.reply ?? reply;
}
