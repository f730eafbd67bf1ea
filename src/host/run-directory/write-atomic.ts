import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { CalibError } from '../../domain/calib-error.ts';
import { messageOf } from '../../domain/message-of.ts';

export interface AtomicWriteOptions {
  /** Permission bits of the new file; default 0600, because logs and environments are nobody else's business. */
  mode?: number;
}

/**
 * The steps of a durable write, in the order in which they are used. Callers that write several files as one unit
 * (`commit-repeat.ts`) use the steps themselves; tests replace them to fail at a chosen one.
 */
export interface DurableFiles {
  /** Creates the folder and its missing parents (0700). */
  makeFolder: (folder: string) => Promise<void>;
  /** Writes and fsyncs a temporary file beside `path`; gives its path. */
  draft: (path: string, data: string | Uint8Array, mode: number) => Promise<string>;
  rename: (from: string, to: string) => Promise<void>;
  /** Makes renames inside the folder survive a power cut. */
  syncFolder: (folder: string) => Promise<void>;
  /** Removes a draft that will not be renamed; what cannot be removed stays, nobody reads it. */
  drop: (draft: string) => Promise<void>;
}

const temporarySuffix = '.calib-tmp';

/** True for the name of a temporary file that a crashed writer left behind: harmless, nobody reads it. */
export function isTemporaryName(name: string): boolean {
  return name.startsWith('.') && name.endsWith(temporarySuffix);
}

/** The real file system. */
export const durableFiles: DurableFiles = {
  makeFolder: async (folder) => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  },
  draft: async (path, data, mode) => {
    const unique = `${process.pid}-${randomBytes(6).toString('hex')}`;
    const temporary = join(dirname(path), `.${basename(path)}.${unique}${temporarySuffix}`);
    const handle = await open(temporary, 'wx', mode);
    try {
      await handle.writeFile(data);
      await handle.sync();
    } catch (error) {
      await durableFiles.drop(temporary);
      throw error;
    } finally {
      await handle.close();
    }
    return temporary;
  },
  rename,
  syncFolder: async (folder) => {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
  drop: async (draft) => await unlink(draft).catch(() => undefined),
};

/**
 * Writes a file whole or not at all: temporary file in the same folder, fsync, rename, fsync of the folder (DESIGN,
 * "Nothing is overwritten"). Missing folders are created (0700).
 *
 * @throws CalibError naming the path when the file system refuses (permission, full disk, a file where a folder should be).
 */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array,
  options: AtomicWriteOptions = {},
): Promise<void> {
  try {
    await durableFiles.makeFolder(dirname(path));
    const temporary = await durableFiles.draft(path, data, options.mode ?? 0o600);
    await durableFiles.rename(temporary, path);
    await durableFiles.syncFolder(dirname(path));
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

/** `writeFileAtomic` of two-space JSON with a final newline, the form of every JSON document of a run directory. */
export async function writeJsonAtomic(
  path: string,
  value: unknown,
  options: AtomicWriteOptions = {},
): Promise<void> {
  await writeFileAtomic(path, jsonDocument(value), options);
}

/** The text of a JSON document on disk. */
export function jsonDocument(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** The error for a write that the file system refused; the original error stays as `cause`. */
export function cannotWrite(path: string, cause: unknown): CalibError {
  const detail = messageOf(cause);
  return new CalibError('not-ready', `cannot write ${path}: ${detail}`, {
    remedy: 'check the permissions of the folder and the free space of its disk',
    cause,
  });
}
