import { open } from 'node:fs/promises';

import { runPaths } from './paths.ts';

/** Fifteen milestone lines are shown; a session of weeks must not be read whole for them. */
const tailBytes = 64 * 1024;

/** The end of `run.log` as text; empty when there is none. */
export async function readRunLogTail(runDir: string): Promise<string> {
  const file = await open(runPaths.runLog(runDir), 'r').catch(() => null);
  if (file === null) {
    return '';
  }
  try {
    const { size } = await file.stat();
    const start = Math.max(0, size - tailBytes);
    const bytes = Buffer.alloc(size - start);
    await file.read(bytes, 0, bytes.length, start);
    return bytes.toString('utf8');
  } finally {
    await file.close();
  }
}
