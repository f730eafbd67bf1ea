import { open } from 'node:fs/promises';

import { CalibError } from '../../domain/calib-error.ts';
import { utcTimestamp } from '../../domain/clock.ts';
import { redactSecrets } from '../../domain/secrets/redact-secrets.ts';
import { isAbsent } from '../files/has-code.ts';
import { runPaths } from './paths.ts';
import { cannotWrite } from './write-atomic.ts';

/**
 * Appends milestone lines to `run.log`, each with its UTC time (spec 05 §11). One appending write, so that lines of
 * parallel lanes never mix; the file is never truncated, not even by a later start (05 §12, defect 11). The folder is
 * not made here: a run directory that somebody removed must not come back empty.
 *
 * @throws CalibError `refused` when the run directory is gone, `not-ready` when the file cannot be written now.
 */
export async function appendRunLog(runDir: string, lines: readonly string[], now: Date): Promise<void> {
  if (lines.length === 0) return;
  const stamp = utcTimestamp(now);
  const text = lines
    .flatMap((line) => redactSecrets(line).split('\n'))
    .map((line) => `${stamp} ${line}\n`)
    .join('');
  const path = runPaths.runLog(runDir);
  try {
    const handle = await open(path, 'a', 0o600);
    try {
      await handle.appendFile(text);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (isAbsent(error)) throw goneDirectory(runDir, error);
    throw cannotWrite(path, error);
  }
}

/** The error for a run directory that was removed or unmounted under a session: asking again would not bring it back. */
export function goneDirectory(runDir: string, cause: unknown): CalibError {
  return new CalibError('refused', `run directory ${runDir} is gone`, {
    remedy: 'put it back as it was and resume the session; without it the session can only be aborted',
    cause,
  });
}
