import { readFile, realpath, stat } from 'node:fs/promises';
import { relative, resolve, sep } from 'node:path';

import { messageOf } from '../../domain/message-of.ts';
import { sha256Of } from '../files/sha256-of.ts';

/** A file that may be edited, as it stands. */
export interface EditTarget {
  /** Repository-relative path as planned. */
  file: string;
  /** Absolute, links resolved: this is replaced, so that a link stays one. */
  path: string;
  bytes: Buffer;
  sha256: string;
}

/**
 * The real file behind a planned path. Only regular files below the repository root are edited, and no link may lead out
 * of it or into git's own folder (spec 06 §11).
 *
 * @param place `file` is absolute or relative to `repoRoot`
 */
export async function resolveTarget(place: {
  repoRoot: string;
  file: string;
}): Promise<{ target: EditTarget } | { problem: string }> {
  const absolute = resolve(place.repoRoot, place.file);
  const file = relative(place.repoRoot, absolute);
  try {
    const realRoot = await realpath(place.repoRoot);
    const path = await realpath(absolute);
    if (!path.startsWith(`${realRoot}${sep}`)) {
      return { problem: `${file} leads out of the repository, to ${path}` };
    }
    if (path.startsWith(`${realRoot}${sep}.git${sep}`)) {
      return { problem: `${file} leads into git's own folder, to ${path}` };
    }
    if (!(await stat(path)).isFile()) {
      return { problem: `${file} is not a regular file` };
    }
    const bytes = await readFile(path);
    return { target: { file, path, bytes, sha256: sha256Of(bytes) } };
  } catch (error) {
    return { problem: `${file} cannot be read: ${messageOf(error)}` };
  }
}
