import { readFile, rm } from 'node:fs/promises';

import { z } from 'zod';

import { type ProcessIdentity, isAlive } from '../host/process/process-identity.ts';
import { writeJsonAtomic } from '../host/run-directory/write-atomic.ts';

const serverRecordSchema = z.object({
  schema: z.literal('calib.server/1'),
  process: z.object({
    pid: z.number().int().positive(),
    start_ticks: z.number().int(),
    boot_id: z.string(),
  }),
  address: z.string(),
  ui: z.string(),
});
export type ServerRecord = z.infer<typeof serverRecordSchema>;

/** Where the embedded server of a database file is noted: a second `up` finds one that outlived the first. */
function serverRecordPath(db: string): string {
  return `${db}.server.json`;
}

/** The server that is running on this database file, if its process is proven to be the one noted. */
export async function findRunningServer(db: string): Promise<ServerRecord | null> {
  try {
    const record = serverRecordSchema.parse(JSON.parse(await readFile(serverRecordPath(db), 'utf8')));
    return isAlive(record.process) ? record : null;
  } catch {
    return null;
  }
}

export async function writeServerRecord(
  db: string,
  server: { process: ProcessIdentity; address: string; ui: string },
): Promise<void> {
  await writeJsonAtomic(serverRecordPath(db), { schema: 'calib.server/1', ...server });
}

export async function removeServerRecord(db: string): Promise<void> {
  await rm(serverRecordPath(db), { force: true });
}
