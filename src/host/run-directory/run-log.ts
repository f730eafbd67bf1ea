import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';

import { utcTimestamp } from '../../domain/clock.ts';
import { runPaths } from './paths.ts';
import { cannotWrite } from './write-atomic.ts';

/**
 * Appends milestone lines to `run.log`, each with its UTC time (spec 05 §11). One appending write, so that lines of
 * parallel lanes never mix; the file is never truncated, not even by a later start (05 §12, defect 11).
 *
 * @throws CalibError when the file cannot be written.
 */
export async function appendRunLog(runDir: string, lines: readonly string[], now: Date): Promise<void> {
  if (lines.length === 0) return;
  const stamp = utcTimestamp(now);
  const text = lines
    .flatMap((line) => line.split('\n'))
    .map((line) => `${stamp} ${line}\n`)
    .join('');
  const path = runPaths.runLog(runDir);
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const handle = await open(path, 'a', 0o600);
    try {
      await handle.write(text);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw cannotWrite(path, error);
  }
}
