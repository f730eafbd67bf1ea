import { readFileSync, realpathSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';

import { decodePythonSource } from '../../python/parse-module.ts';
import type { RepositoryFiles } from '../../python/assertions/syntax/module-files.ts';

/** Larger files hold data, no test code. */
const maxBytes = 4_000_000;

/**
 * Files of a checkout for the reader of assertions: those below its root, links included only where they stay there.
 *
 * @param realRoot the root with links resolved
 */
export function repositoryFiles(realRoot: string): RepositoryFiles {
  const resolveInside = (path: string): string | null => {
    try {
      const real = realpathSync.native(join(realRoot, path));
      return real === realRoot || real.startsWith(realRoot === sep ? sep : `${realRoot}${sep}`) ? real : null;
    } catch {
      return null;
    }
  };
  return {
    read: (path) => {
      const real = resolveInside(path);
      try {
        if (real === null || !statSync(real).isFile() || statSync(real).size > maxBytes) {
          return null;
        }
        return decodePythonSource(readFileSync(real), path);
      } catch {
        return null;
      }
    },
    isFolder: (path) => {
      const real = resolveInside(path);
      return real !== null && statSync(real).isDirectory();
    },
  };
}
