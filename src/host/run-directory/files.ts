import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import type { z } from 'zod';

import { CalibError } from '../../domain/calib-error.ts';
import { firstIssue, messageOf } from '../../domain/text.ts';

/** True when an error of the system has the given code, such as `ENOSPC`. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** True for the error of a path that does not exist. */
export function isAbsent(error: unknown): boolean {
  return hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR');
}

/**
 * The JSON document in a file's bytes.
 *
 * @throws Error that says in a line what is wrong: that it is not JSON, or its first wrong key
 */
export function parseDocument<T>(bytes: Buffer, schema: z.ZodType<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new Error(`not JSON: ${messageOf(cause)}`, { cause });
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new Error(firstIssue(parsed.error));
  return parsed.data;
}

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

/** SHA-256 of bytes, or of a text's UTF-8, in hexadecimal digits. */
export function sha256Of(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** Names in a folder, sorted; none when there is no such folder. Other errors are thrown. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

/** Bytes of a file, or null when it does not exist. Other errors are thrown. */
export async function readIfPresent(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}

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
 * @throws CalibError naming the path when the file system refuses (permission, full disk, a file where a folder
 * should be).
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

/**
 * Writes `content` beside `path` as `<path>.1`, `.2`, …, unless one of them holds it already: an earlier version of a
 * file stays when a newer one takes its place. Twice equals once.
 *
 * @returns the name under which it is kept
 * @throws CalibError when the file system refuses
 */
export async function keepCopy(path: string, content: Buffer): Promise<string> {
  const folder = dirname(path);
  const prefix = `${basename(path)}.`;
  const numbers = (await namesIn(folder)).flatMap((name) => {
    const number = name.startsWith(prefix) ? name.slice(prefix.length) : '';
    return /^[1-9]\d*$/.test(number) ? [Number(number)] : [];
  });
  for (const number of numbers) {
    const kept = await readIfPresent(join(folder, `${prefix}${number}`));
    if (kept?.equals(content)) return `${prefix}${number}`;
  }
  const name = `${prefix}${Math.max(0, ...numbers) + 1}`;
  await writeFileAtomic(join(folder, name), content);
  return name;
}

/** A file that is still to be written. */
export interface PlannedFile {
  /** Absolute. */
  path: string;
  text: string;
}

/**
 * Writes all files beside their places (0600) and fsyncs them before the first one is renamed: whatever refuses does so
 * while everything is as it was, and a crash between two renames leaves whole files only.
 *
 * @throws CalibError `not-ready` when the file system refuses.
 */
export async function writeTogether(planned: readonly PlannedFile[], files: DurableFiles): Promise<void> {
  const folders = new Set(planned.map(({ path }) => dirname(path)));
  const drafts: { from: string; to: string }[] = [];
  let current = '';
  try {
    for (const folder of folders) await files.makeFolder((current = folder));
    for (const { path, text } of planned) {
      drafts.push({ from: await files.draft((current = path), text, 0o600), to: path });
    }
    for (const { from, to } of drafts) await files.rename(from, (current = to));
    for (const folder of folders) await files.syncFolder((current = folder));
    // A new stage folder is itself an entry that a power cut must not lose.
    for (const folder of new Set([...folders].map((folder) => dirname(folder)))) {
      await files.syncFolder((current = folder));
    }
  } catch (error) {
    // A full disk is not to be filled further by every further try; renamed drafts are not there any more.
    for (const { from } of drafts) await files.drop(from);
    throw cannotWrite(current, error);
  }
}
