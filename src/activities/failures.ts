import { ApplicationFailure } from '@temporalio/activity';

import { CalibError } from '../domain/calib-error.ts';
import { redactSecrets } from '../domain/secrets.ts';
import { failureTypes } from '../domain/session/session-state.ts';

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

/**
 * A failure as it may stand in a history: nothing that looks like a credential in its message and stack, nor in those
 * of its causes. It stays the same object, because Temporal tells failures and cancellations apart by what they are.
 */
export function withoutSecrets<T>(failure: T): T {
  const seen = new Set<unknown>();
  for (let each: unknown = failure; each instanceof Error && !seen.has(each); each = each.cause) {
    seen.add(each);
    each.message = redactSecrets(each.message);
    if (each.stack !== undefined) each.stack = redactSecrets(each.stack);
  }
  return failure;
}
