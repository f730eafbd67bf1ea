import type { Phase } from './session-state.ts';

/** What happens next in a phase, or what a person has to do for it. */
export function phaseDuty(phase: Phase): string {
  switch (phase.kind) {
    case 'opening':
    case 'prechecking':
      return 'repeats are launched after the checks';
    case 'calibrating':
      return 'it goes on until every repeat is complete';
    case 'paused':
      return '`resume` carries on';
    case 'halted':
      return 'fix the cause, then `resume`';
    case 'blocked':
      return blockedDuty(phase);
    case 'reporting':
      return 'it asks for a decision when the report is written';
    case 'awaiting_decision':
      return 'decide with `apply`, or purge a repeat';
    case 'applying':
      return 'it ends when the files are written';
    case 'completed':
    case 'aborted':
    case 'failed':
      return 'it takes no command any more';
  }
}

function blockedDuty({ cause }: Extract<Phase, { kind: 'blocked' }>): string {
  switch (cause) {
    case 'budget-spent':
      return '`resume` gives a fresh budget, `abort` ends the session';
    case 'same-failure':
      return 'find out why it fails alike every time; then `resume` gives a fresh budget';
    case 'report':
    case 'directory':
      return 'remove the cause, then `resume`';
    case 'no-lane':
      return 'see to the quarantined lanes, then `resume` takes them into use again';
    case 'no-worker':
      return 'start one on that host with `calib worker` (or `calib up`)';
  }
}
