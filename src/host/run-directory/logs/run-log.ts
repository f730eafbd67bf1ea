import { open } from 'node:fs/promises';

import { CalibError } from '../../../domain/calib-error.ts';
import { redactSecrets } from '../../../domain/secrets/redact-secrets.ts';
import { utcTimestamp } from '../../../domain/text.ts';
import { cutText } from '../../../domain/untrusted/cut-text.ts';
import { harmlessBlock } from '../../../domain/untrusted/harmless-text.ts';
import { cannotWrite, isAbsent } from '../files.ts';
import { runPaths } from '../paths.ts';

/** Fifteen milestone lines are shown; a session of weeks must not be read whole for them. */
const tailBytes = 64 * 1024;

/** The end of `run.log` as text; empty when there is none. */
export async function readRunLogTail(runDir: string): Promise<string> {
  const file = await open(runPaths.runLog(runDir), 'r').catch(() => null);
  if (file === null) {
    return '';
  }
  try {
    const { size } = await file.stat();
    const start = Math.max(0, size - tailBytes);
    const bytes = Buffer.alloc(size - start);
    await file.read(bytes, 0, bytes.length, start);
    return bytes.toString('utf8');
  } finally {
    await file.close();
  }
}

/**
 * Appends milestone lines to `run.log`, each with its UTC time. Names from outside may stand in them: none can act on a
 * terminal, begin a milestone of its own, or fill the file. One appending write, so that lines of
 * parallel lanes never mix; the file is never truncated, not even by a later start. The folder is
 * not made here: a run directory that somebody removed must not come back empty.
 *
 * @throws CalibError `refused` when the run directory is gone, `not-ready` when the file cannot be written now.
 */
export async function appendRunLog(runDir: string, lines: readonly string[], now: Date): Promise<void> {
  if (lines.length === 0) return;
  const stamp = utcTimestamp(now);
  const text = boundedLines(lines)
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

/** Longer than any line of calib's own, with every path of the longest kind in it. */
const longestLine = 8192;
/** A line a cell of the largest matrix, and more. */
const mostLines = 20_000;

/** What follows a line end inside a text is indented: whoever wrote it must not begin a milestone. */
function boundedLines(lines: readonly string[]): string[] {
  const bounded = lines.slice(0, mostLines).flatMap((line) =>
    harmlessBlock(redactSecrets(cutText(line, longestLine)))
      .split('\n')
      .map((part, index) => (index === 0 ? part : `  ${part}`)),
  );
  const rest = lines.length - mostLines;
  return rest > 0 ? [...bounded, `… and ${rest} more lines`] : bounded;
}

/** The error for a run directory that was removed or unmounted under a session: asking again would not bring it back. */
export function goneDirectory(runDir: string, cause: unknown): CalibError {
  return new CalibError('refused', `run directory ${runDir} is gone`, {
    remedy: 'put it back as it was and resume the session; without it the session can only be aborted',
    cause,
  });
}
