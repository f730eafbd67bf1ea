import { readFile, readdir } from 'node:fs/promises';

import { isAbsent } from '../files/has-code.ts';

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
