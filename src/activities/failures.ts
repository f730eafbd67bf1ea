import { ApplicationFailure } from '@temporalio/activity';
import { TemporalFailure } from '@temporalio/common';

import { CalibError } from '../domain/calib-error.ts';
import { redactSecrets } from '../domain/secrets/redact-secrets.ts';
import { failureTypes } from '../domain/session/session-state.ts';
import { sizeOf } from '../domain/session/state-budget.ts';
import { cutText } from '../domain/untrusted/cut-text.ts';
import { harmlessBlock } from '../domain/untrusted/harmless-text.ts';

/** Characters of a failure's message or stack. */
const longestMessage = 4000;

/** What a disk says that cannot be written at the moment, or not by us. */
const storageCodes = new Map([
  ['ENOSPC', 'the disk is full'],
  ['EDQUOT', 'the disk quota is used up'],
  ['EROFS', 'the file system is read-only'],
  ['EACCES', 'permission is denied'],
  ['EPERM', 'permission is denied'],
  ['EIO', 'the disk reports an input/output error'],
  ['ENOTDIR', 'a file stands where a folder belongs'],
  ['EEXIST', 'a file stands where a folder belongs'],
  ['EISDIR', 'a folder stands where a file belongs'],
  ['EMFILE', 'too many files are open'],
  ['ENFILE', 'too many files are open'],
]);

/** A file system's refusal as a retryable `StorageFailure` that says what to do; null for any other error. */
export function storageFailure(error: unknown): ApplicationFailure | null {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return null;
  const what = storageCodes.get(String(error.code));
  if (what === undefined) return null;
  return ApplicationFailure.create({
    message: `${what}: ${error.message} (make room or correct the permissions; the session resumes automatically)`,
    type: failureTypes.storage,
    cause: error,
  });
}

/** Whether asking again later may succeed: a disk that refuses at the moment, or something that is not ready yet. */
export function isTransient(error: unknown): boolean {
  if (storageFailure(error) !== null) return true;
  const isNotReady = error instanceof CalibError && error.code === 'not-ready';
  return isNotReady && (error.cause === undefined || storageFailure(error.cause) !== null);
}

/** Temporal takes 2 MiB, and refuses more at every attempt anew. */
const longestResultBytes = 1_500_000;
/** Attempts of file work on the home host that fail for no known reason. */
const mostUnexplained = 10;

/**
 * An activity's result, which is small by design.
 *
 * @throws ApplicationFailure that no retry repeats when it is too large for a history: it would be as large again
 */
export function boundedResult<T>(result: T): T {
  if (result === undefined) return result;
  const bytes = sizeOf(result);
  if (bytes <= longestResultBytes) return result;
  throw ApplicationFailure.nonRetryable(
    `its result holds ${bytes} bytes, more than the ${longestResultBytes} that a history takes`,
    failureTypes.final,
  );
}

/**
 * What waits for nothing is not tried for ever: a fault without a known cause that came at so many attempts is final, and
 * the session says so instead of standing still.
 *
 * @param attempt from 1
 */
export function unexplained(error: Error, attempt: number): Error {
  const isCancelled = error instanceof TemporalFailure || error.name === 'AbortError';
  if (attempt < mostUnexplained || isCancelled) return error;
  return ApplicationFailure.create({
    message: `${error.message} (the same after ${attempt} attempts)`,
    type: failureTypes.final,
    nonRetryable: true,
    cause: error,
  });
}

/**
 * A failure as it may stand in a history: bounded, and nothing that looks like a credential or acts on a terminal in its
 * message and stack, nor in those of its causes. It stays the same object, because Temporal tells failures and cancellations apart by what they are.
 */
export function withoutSecrets<T>(failure: T): T {
  const seen = new Set<unknown>();
  for (let each: unknown = failure; each instanceof Error && !seen.has(each); each = each.cause) {
    seen.add(each);
    each.message = harmlessBlock(redactSecrets(cutText(each.message, longestMessage)));
    if (each.stack !== undefined) each.stack = redactSecrets(cutText(each.stack, longestMessage));
  }
  return failure;
}
