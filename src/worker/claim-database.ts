import { mkdir, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { CalibError } from '../domain/calib-error.ts';
import { acquireLaneLease } from '../host/gpu/lane-lease.ts';

/**
 * Takes a database file for this `calib up`, until the process ends however it ends: two of them would stop each
 * other's server.
 *
 * @throws CalibError `refused` naming the process that has it
 */
export async function claimDatabase(db: string): Promise<void> {
  await mkdir(dirname(db), { recursive: true, mode: 0o700 });
  const place = join(await realpath(dirname(db)), basename(db));
  const result = await acquireLaneLease({
    resources: [`up/${place}`],
    holder: `pid ${process.pid}`,
    scope: '',
  });
  if (result.kind === 'held') return;
  const who = result.holder === '' ? '' : ` (${result.holder})`;
  throw new CalibError('refused', `another \`calib up\`${who} runs on ${db}`, {
    remedy: 'use that one, stop it first, or give this one another file with --db',
  });
}
