import type { CalibErrorCode } from '../domain/calib-error.ts';

/** What the shell sees; the table is in the operator's guide. */
export const exitCode = {
  /** Done, ready, complete. */
  done: 0,
  /** Not ready, refused or failed; the message says which. */
  notReady: 1,
  /** Wrong usage or invalid configuration. */
  invalidInput: 2,
  /** No Temporal server, no worker, or no session of that name. */
  unreachable: 3,
  interrupted: 130,
} as const;

const exitCodeByError: Record<CalibErrorCode, number> = {
  'invalid-input': exitCode.invalidInput,
  refused: exitCode.notReady,
  'not-ready': exitCode.notReady,
  unreachable: exitCode.unreachable,
};

/** The one table from failure to exit code. */
export function exitCodeOf(code: CalibErrorCode): number {
  return exitCodeByError[code];
}

/** Thrown by a command that the operator interrupted (Ctrl-C in a prompt); ends the program with 130, silently. */
export class InterruptedError extends Error {
  constructor() {
    super('interrupted');
    this.name = 'InterruptedError';
  }
}
