import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';

import { runPaths } from '../../host/run-directory/paths.ts';

/** True for a path, and for the plain name of a session's directory in the working directory. */
export async function isRunDirectoryPath(reference: string): Promise<boolean> {
  const isPath = reference.includes('/') || reference === '.' || reference === '..';
  return isPath || (await isFile(runPaths.plan(resolve(reference))));
}

/** True for a regular file, or a link to one. */
export async function isFile(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
