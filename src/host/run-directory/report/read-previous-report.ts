import { CalibError } from '../../../domain/calib-error.ts';
import { messageOf } from '../../../domain/text.ts';
import { readIfPresent } from '../files.ts';
import { runPaths } from '../paths.ts';

/**
 * The present `report.md`, null when there is none.
 *
 * @throws CalibError when there is one that cannot be read: its applied changes would be lost by writing a new one
 */
export async function readPreviousReport(runDir: string): Promise<string | null> {
  const path = runPaths.report(runDir);
  try {
    return (await readIfPresent(path))?.toString('utf8') ?? null;
  } catch (cause) {
    throw new CalibError('not-ready', `cannot read ${path}: ${messageOf(cause)}`, {
      remedy: 'make the file readable or move it away; a new report keeps the applied changes of the old one',
      cause,
    });
  }
}
