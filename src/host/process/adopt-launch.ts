import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { hasCode } from '../run-directory/files.ts';
import {
  type LaunchExit,
  launchExitSchema,
  launchFiles,
  type LaunchIdentity,
  launchIdentitySchema,
  launchRequestSchema,
  readLaunchDocument,
  supervisorMarkVariable,
} from './launch-files.ts';
import { createLaunchHandle, type LaunchHandle, readLaunchEnd } from './launch-handle.ts';
import { isAlive, readBootId } from './identity.ts';

/**
 * What became of an earlier launch.
 * - `running`: its supervisor lives and is provably ours; the exit status will come.
 * - `ended`: the exit status is on disk.
 * - `lost`: it was started, but its end can never be known; clean up by mark and count the attempt as infra.
 * - `absent`: it never started and, after this answer, never will.
 */
export type Adoption =
  | { state: 'running'; handle: LaunchHandle }
  | { state: 'ended'; exit: LaunchExit }
  /** `identity` only when it is proven: same token, same boot. */
  | { state: 'lost'; reason: string; identity?: LaunchIdentity }
  | { state: 'absent' };

/** The supervisor writes its identity within milliseconds of its claim; a loaded disk may need longer. */
const claimedLimitMs = 5000;
const claimedPollMs = 50;

/**
 * Finds out about the launch in `launchDir`. Identity is proven by pid, start ticks, boot id and token; the token must
 * stand in the supervisor's own environment too, so a forged or stale file adopts nobody. A launch that was requested
 * but not begun is fenced off: its supervisor, should it still come up, starts nothing.
 */
export async function adoptLaunch(launchDir: string, token: string): Promise<Adoption> {
  const exit = await readLaunchDocument(launchFiles.exit(launchDir), launchExitSchema);
  if (exit.kind === 'unreadable') return { state: 'lost', reason: exit.reason };
  if (exit.kind === 'read') {
    if (exit.document.token === token) return { state: 'ended', exit: exit.document };
    return { state: 'lost', reason: `${launchFiles.exit(launchDir)} carries another token` };
  }
  const identity = await readLaunchDocument(launchFiles.identity(launchDir), launchIdentitySchema);
  if (identity.kind === 'unreadable') return { state: 'lost', reason: identity.reason };
  if (identity.kind === 'missing') return await fenceOff(launchDir, token);
  return await judge(launchDir, token, identity.document);
}

async function judge(launchDir: string, token: string, identity: LaunchIdentity): Promise<Adoption> {
  if (identity.token !== token) {
    return { state: 'lost', reason: `${launchFiles.identity(launchDir)} carries another token` };
  }
  if (identity.boot_id !== readBootId()) {
    return { state: 'lost', reason: 'the machine was restarted since the launch' };
  }
  const end = await readLaunchEnd(launchDir, identity);
  if (end?.state === 'ended') return end;
  if (end?.state === 'lost') return { ...end, identity };
  if (!supervisorCarries(identity, token)) {
    const reason = `process ${identity.supervisor.pid} is not the supervisor of this launch`;
    return { state: 'lost', reason };
  }
  return { state: 'running', handle: createLaunchHandle(launchDir, identity) };
}

function supervisorCarries(identity: LaunchIdentity, token: string): boolean {
  try {
    const environ = readFileSync(`/proc/${identity.supervisor.pid}/environ`, 'utf8');
    const carries = environ.split('\0').includes(`${supervisorMarkVariable}=${token}`);
    return carries && isAlive({ ...identity.supervisor, boot_id: identity.boot_id });
  } catch {
    return false;
  }
}

async function fenceOff(launchDir: string, token: string): Promise<Adoption> {
  const request = await readLaunchDocument(launchFiles.request(launchDir), launchRequestSchema);
  if (request.kind === 'missing') return { state: 'absent' };
  if (request.kind === 'unreadable') return { state: 'lost', reason: request.reason };
  const claim = launchFiles.claim(launchDir, request.document.launch_id);
  try {
    const file = openSync(claim, 'wx', 0o600);
    writeSync(file, `fenced by ${process.pid}\n`);
    closeSync(file);
    return { state: 'absent' };
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  }
  if (readFileSync(claim, 'utf8').startsWith('fenced')) return { state: 'absent' };
  return await waitForClaimant(launchDir, token);
}

/** A supervisor has begun: its identity or exit status is due. */
async function waitForClaimant(launchDir: string, token: string): Promise<Adoption> {
  const deadline = performance.now() + claimedLimitMs;
  for (;;) {
    const identity = await readLaunchDocument(launchFiles.identity(launchDir), launchIdentitySchema);
    const exit = await readLaunchDocument(launchFiles.exit(launchDir), launchExitSchema);
    if (identity.kind !== 'missing' || exit.kind !== 'missing') return await adoptLaunch(launchDir, token);
    if (performance.now() > deadline) {
      return {
        state: 'lost',
        reason: `a supervisor began in ${launchDir} but left neither identity nor exit`,
      };
    }
    await sleep(claimedPollMs);
  }
}
