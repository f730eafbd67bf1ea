/** How a failure maps to a process exit code: the one table is in `cli/output.ts`. */
export type CalibErrorCode =
  /** Wrong usage or invalid configuration: file, key and remedy are in the message. */
  | 'invalid-input'
  /** A command that makes no sense in the present state: refused, nothing changed. */
  | 'refused'
  /** The work ran but did not reach its goal (incomplete matrix, failed precheck). */
  | 'not-ready'
  /** No Temporal server, no worker, or no session of that name. */
  | 'unreachable';

export interface CalibErrorOptions {
  /** What the reader should do next, in words that can stand behind an arrow or in parentheses: no capital, no full stop. */
  remedy?: string;
  cause?: unknown;
}

/** The one error type meant for people. Only `cli/main.ts` prints it and turns `code` into an exit code. */
export class CalibError extends Error {
  readonly code: CalibErrorCode;
  readonly remedy: string | undefined;

  constructor(code: CalibErrorCode, message: string, options: CalibErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'CalibError';
    this.code = code;
    this.remedy = options.remedy;
  }
}
