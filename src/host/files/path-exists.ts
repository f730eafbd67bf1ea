import { stat } from 'node:fs/promises';

/** True when a path leads to something; false also for what may not be looked at. */
export async function pathExists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

/** True when a path leads to a folder; false also for what may not be looked at. */
export async function isFolder(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
