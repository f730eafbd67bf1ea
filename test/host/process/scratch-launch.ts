import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { launchIdentitySchema } from '../../../src/host/process/launch-files.ts';
import type { LaunchSpec } from '../../../src/host/process/launch.ts';
import { readProcessStat } from '../../../src/host/process/identity.ts';
import { until } from '../../fixtures/until.ts';

export const standIn = fileURLToPath(
  new URL('../../fixtures/process-stand-ins/stand-in.mjs', import.meta.url),
);

/** A folder for one launch of a stand-in; `clean` kills what noted its pid there or is named in the identity. */
export function scratchLaunch() {
  const folder = mkdtempSync(join(tmpdir(), 'calib-launch-'));
  const launchDir = join(folder, 'launch');
  const path = (name: string) => join(folder, name);
  const pids = (name = 'pids') =>
    existsSync(path(name)) ? readFileSync(path(name), 'utf8').trim().split('\n').map(Number) : [];
  const spec = (steps: string[], more: Partial<LaunchSpec> = {}): LaunchSpec => ({
    launchDir,
    token: 'token-1',
    argv: [process.execPath, standIn, `note:${path('pids')}`, ...steps],
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '' },
    logPath: path('run1.log'),
    graceMs: 5000,
    ...more,
  });
  const identity = () => {
    const file = join(launchDir, 'identity.json');
    try {
      return launchIdentitySchema.parse(JSON.parse(readFileSync(file, 'utf8')));
    } catch {
      return undefined;
    }
  };
  const clean = async () => {
    const { supervisor, child } = identity() ?? {};
    if (child !== undefined) killStandIn(child.pid);
    for (const pid of pids()) killStandIn(pid);
    if (supervisor !== undefined && supervisor.pid !== process.pid) await until(() => !runs(supervisor.pid));
    for (const pid of pids()) killStandIn(pid);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  return { folder, launchDir, path, pids, spec, identity, clean, log: () => readText(path('run1.log')) };
}

/** Ends a stand-in, after making sure that the pid still is one. */
export function killStandIn(pid: number): void {
  try {
    if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('stand-in.mjs')) process.kill(pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}

export function runs(pid: number): boolean {
  const stat = readProcessStat(pid);
  return stat !== undefined && stat.state !== 'Z';
}

function readText(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}
