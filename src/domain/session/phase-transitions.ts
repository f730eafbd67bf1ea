import type { Phase } from './session-state.ts';

export type PhaseKind = Phase['kind'];

/** One way from a phase to the next, and what causes it. */
export interface PhaseTransition {
  to: PhaseKind;
  on: string;
}

const aborted: PhaseTransition = { to: 'aborted', on: '`abort`, or a cancellation through Temporal' };
const noWorker: PhaseTransition = { to: 'blocked', on: 'no worker polls the home host' };

/**
 * Every change of phase that a session can make. The state diagram and the table of `docs/architecture.md` are checked
 * against this list, and so are the phases that the saved histories went through.
 */
export const phaseTransitions: Readonly<Record<PhaseKind, readonly PhaseTransition[]>> = {
  opening: [
    { to: 'prechecking', on: 'the run directory is there' },
    { to: 'calibrating', on: 'the run directory is there, and the checks were passed before' },
    { to: 'failed', on: 'the run directory cannot be made or read' },
    noWorker,
    aborted,
  ],
  prechecking: [
    { to: 'calibrating', on: 'the checks pass' },
    { to: 'failed', on: 'the checks find a gap' },
    { to: 'halted', on: 'HEAD of the checkout has moved' },
    noWorker,
    aborted,
  ],
  calibrating: [
    { to: 'reporting', on: 'every repeat is complete' },
    { to: 'completed', on: 'a smoke has launched every unit' },
    { to: 'paused', on: '`pause`' },
    { to: 'halted', on: 'a repeat ends in a way that somebody has to look at' },
    {
      to: 'blocked',
      on: 'the budget is spent, no lane or no worker is left, or the directory cannot be read',
    },
    aborted,
  ],
  paused: [
    { to: 'calibrating', on: '`resume`' },
    { to: 'halted', on: 'a repeat that was still running ends so' },
    noWorker,
    aborted,
  ],
  halted: [
    { to: 'prechecking', on: '`resume`, where the halt came before the checks' },
    { to: 'calibrating', on: '`resume`, after the run directory was read again' },
    { to: 'blocked', on: '`resume`, but the run directory cannot be read' },
    aborted,
  ],
  blocked: [
    { to: 'calibrating', on: '`resume`; without a worker: one polls again' },
    { to: 'opening', on: 'a worker polls again' },
    { to: 'prechecking', on: 'a worker polls again' },
    { to: 'paused', on: 'a worker polls again' },
    { to: 'reporting', on: 'a worker polls again' },
    { to: 'awaiting_decision', on: 'a worker polls again' },
    { to: 'halted', on: 'a repeat that was still running ends so' },
    aborted,
  ],
  reporting: [
    { to: 'awaiting_decision', on: 'the report is written' },
    { to: 'blocked', on: 'the report is refused or cannot be written' },
    { to: 'calibrating', on: '`purge`' },
    aborted,
  ],
  awaiting_decision: [
    { to: 'applying', on: '`apply`' },
    { to: 'calibrating', on: '`purge`' },
    noWorker,
    aborted,
  ],
  applying: [
    { to: 'completed', on: 'every file is written and checked, or report only' },
    { to: 'awaiting_decision', on: 'the plan is refused: nothing was written' },
    { to: 'blocked', on: 'the files cannot be written for now' },
  ],
  completed: [],
  aborted: [],
  failed: [],
};

/** Whether a session may go from one phase to another; staying in a phase is no transition. */
export function isPhaseTransition(from: PhaseKind, to: PhaseKind): boolean {
  return phaseTransitions[from].some((transition) => transition.to === to);
}
