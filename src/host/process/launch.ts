import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { CalibError } from '../../domain/calib-error.ts';
import {
  type LaunchExit,
  launchExitSchema,
  launchFiles,
  launchIdentitySchema,
  type LaunchRequest,
  readLaunchDocument,
  supervisorMarkVariable,
  type SupervisorSpec,
} from './launch-files.ts';
import { createLaunchHandle, type LaunchHandle } from './launch-handle.ts';
import { readClocks, writeWholeFile } from './supervisor-parts.ts';

/**
 * The command line that starts the supervisor: plain Node for the built program in `dist/`, Node with tsx when calib
 * runs from its TypeScript sources. There `CALIB_BUILT_SUPERVISOR` may name a built one: it starts in a fifth of the time
 * that tsx takes, which the tests need, with their hundreds of launches.
 */
export function supervisorCommand(): { program: string; args: string[] } {
  const here = import.meta.url;
  if (!here.endsWith('.ts')) {
    return { program: process.execPath, args: [fileURLToPath(new URL('./supervisor-main.js', here))] };
  }
  const built = process.env['CALIB_BUILT_SUPERVISOR'];
  if (built) return { program: process.execPath, args: [built] };
  // By absolute path: the supervisor starts in `/`, where the bare name would not resolve.
  const tsx = pathToFileURL(createRequire(here).resolve('tsx')).href;
  return {
    program: process.execPath,
    args: ['--import', tsx, fileURLToPath(new URL('./supervisor-main.ts', here))],
  };
}

export interface LaunchSpec {
  /** Folder of this launch's files (`runPaths.launch`), made when missing; one launch per folder. */
  launchDir: string;
  /** Known only to the owner of the launch; `adoptLaunch` asks for it. */
  token: string;
  argv: string[];
  cwd: string;
  /** The child's whole environment, secrets included: handed over through a pipe, never written. */
  env: Record<string, string>;
  /** stdout and stderr of the child are appended here. */
  logPath: string;
  /** Milliseconds between TERM and KILL when the supervisor is asked to stop; default 10 s. */
  graceMs?: number;
  /** Run leases that the supervisor holds while the child lives (`HostLock.runNames`). */
  leaseNames?: string[];
  /** What others are told about the holder of the leases. */
  leaseHolder?: string;
}

/** `ended`: over before it could be seen running, usually with a `start_error`. */
export type LaunchStart = { state: 'running'; handle: LaunchHandle } | { state: 'ended'; exit: LaunchExit };

const defaultGraceMs = 10_000;
/** A loaded host may take seconds to start Node; beyond this something is wrong. */
const startLimitMs = 60_000;
const startPollMs = 20;

/**
 * Starts a command under a supervisor of its own session, which outlives the caller (DESIGN.md "A restart loses no
 * GPU time"), and resolves once its identity or its end is on disk.
 *
 * @throws CalibError `refused` when the folder already holds a launch, `not-ready` when the supervisor breaks.
 */
export async function launchSupervised(spec: LaunchSpec): Promise<LaunchStart> {
  await mkdir(spec.launchDir, { recursive: true, mode: 0o700 });
  if (existsSync(launchFiles.identity(spec.launchDir)) || existsSync(launchFiles.exit(spec.launchDir))) {
    throw new CalibError('refused', `${spec.launchDir} already holds a launch`, {
      remedy: 'adopt it, or launch the next attempt in its own folder',
    });
  }
  const launchId = randomUUID();
  const request: LaunchRequest = {
    schema: 'calib.launch-request/1',
    launch_id: launchId,
    token: spec.token,
  };
  writeWholeFile(launchFiles.request(spec.launchDir), `${JSON.stringify(request, null, 2)}\n`);
  const supervisor = startSupervisor(spec.launchDir, spec.token);
  supervisor.send(JSON.stringify(supervisorSpec(spec, launchId)));
  return await waitForStart(spec.launchDir, supervisor);
}

interface StartedSupervisor {
  send: (text: string) => void;
  /** Undefined while it runs. */
  failure: () => string | undefined;
}

function startSupervisor(launchDir: string, token: string): StartedSupervisor {
  const { program, args } = supervisorCommand();
  const log = openSync(launchFiles.supervisorLog(launchDir), 'a', 0o600);
  const child = spawn(program, [...args, launchDir], {
    cwd: '/',
    // Not the caller's environment: a NODE_OPTIONS or a repeat mark in it must not reach the supervisor.
    env: {
      PATH: process.env['PATH'] ?? '',
      ...(process.env['TMPDIR'] === undefined ? {} : { TMPDIR: process.env['TMPDIR'] }),
      [supervisorMarkVariable]: token,
    },
    detached: true,
    stdio: ['pipe', log, log],
  });
  closeSync(log);
  let failure: string | undefined;
  child.once('error', (error) => {
    failure = error.message;
  });
  child.once('exit', (code, signal) => {
    failure = `it ended with ${signal ?? `code ${code}`}`;
  });
  // A supervisor that dies early closes its end; its exit event tells the story.
  child.stdin?.on('error', () => {});
  child.unref();
  return { send: (text) => child.stdin?.end(text), failure: () => failure };
}

function supervisorSpec(spec: LaunchSpec, launchId: string): SupervisorSpec {
  return {
    launch_id: launchId,
    token: spec.token,
    launch_dir: spec.launchDir,
    argv: spec.argv,
    cwd: spec.cwd,
    env: spec.env,
    log_path: spec.logPath,
    grace_ms: spec.graceMs ?? defaultGraceMs,
    lease_names: spec.leaseNames ?? [],
    lease_holder: spec.leaseHolder ?? '',
    asked_at: readClocks(),
  };
}

async function waitForStart(launchDir: string, supervisor: StartedSupervisor): Promise<LaunchStart> {
  const deadline = performance.now() + startLimitMs;
  for (;;) {
    // Read before the files: whatever a dead supervisor wrote is there by then.
    const failure = supervisor.failure();
    const identity = await readLaunchDocument(launchFiles.identity(launchDir), launchIdentitySchema);
    if (identity.kind === 'read') {
      return { state: 'running', handle: createLaunchHandle(launchDir, identity.document) };
    }
    const exit = await readLaunchDocument(launchFiles.exit(launchDir), launchExitSchema);
    if (exit.kind === 'read') return { state: 'ended', exit: exit.document };
    if (failure !== undefined || performance.now() > deadline) {
      throw await startFailure(launchDir, failure ?? 'it does not come up');
    }
    await sleep(startPollMs);
  }
}

async function startFailure(launchDir: string, reason: string): Promise<CalibError> {
  const path = launchFiles.supervisorLog(launchDir);
  const said = (await readFile(path, 'utf8').catch(() => '')).trim().slice(-1000);
  return new CalibError(
    'not-ready',
    `the supervisor for ${launchDir} could not start: ${reason}${said === '' ? '' : `; it said: ${said}`}`,
    { remedy: `look at ${path}; free disk space and process limits are the usual causes` },
  );
}
