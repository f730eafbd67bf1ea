import { mkdir, readdir, readlink, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { CalibError } from '../domain/calib-error.ts';
import { messageOf } from '../domain/message-of.ts';
import { acquireLaneLease } from '../host/gpu/lane-lease.ts';
import { readCommandLine } from '../host/process/process-table.ts';
import { findRunningServer } from './server-record.ts';

const databaseRemedy = 'use that one, stop it first, or give this one another file with --db';

/**
 * Takes a database file for this `calib up`, until the process ends however it ends: two of them would stop each
 * other's server, and two servers on one file lose sessions.
 *
 * @throws CalibError `refused` naming the process that has it
 */
export async function claimDatabase(db: string): Promise<void> {
  const place = await placeOf(db);
  const result = await acquireLaneLease({
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
