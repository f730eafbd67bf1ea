import { access, constants, mkdir, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';

import { sliceFolderNames, type SliceFolder } from '../../domain/precheck/judge-environment.ts';
import { hasCode } from '../files/has-code.ts';

/** The state of the two slice folders; null where the environment has no `OMNI_CI_HOME` (spec 04 §10 gate 3). */
export async function readSliceDirectories(
  env: Readonly<Record<string, string>>,
): Promise<SliceFolder[] | null> {
  const home = env['OMNI_CI_HOME'];
  return home ? await Promise.all(sliceFolderNames.map((name) => readFolder(join(home, name)))) : null;
}

async function readFolder(path: string): Promise<SliceFolder> {
  const stats = await stat(path).catch(() => null);
  if (stats === null || !stats.isDirectory()) {
    return { path, state: stats === null ? 'missing' : 'not a folder' };
  }
  const writable = await access(path, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  return { path, state: writable ? 'writable' : 'read-only' };
}

/**
 * Makes the two empty slice folders where they are missing: the one creation that the start of a run is allowed (spec
 * 04 §10 gate 3). `OMNI_CI_HOME` itself is never made, and a folder that cannot be made is left to the check.
 */
export async function createSliceDirectories(env: Readonly<Record<string, string>>): Promise<string[]> {
  const home = env['OMNI_CI_HOME'];
  const made: string[] = [];
  for (const name of home && isAbsolute(home) ? sliceFolderNames : []) {
    const path = join(home ?? '', name);
    try {
      await mkdir(path);
      made.push(path);
    } catch (error) {
      if (!isRefusal(error)) {
        throw error;
      }
    }
  }
  return made;
}

function isRefusal(error: unknown): boolean {
  return ['EEXIST', 'ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'EROFS'].some((code) => hasCode(error, code));
}
