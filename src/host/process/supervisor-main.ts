/**
 * The supervisor of one pytest launch: a small program that outlives the worker. It starts the child in a session of
 * its own, holds the lane's run lease while the child lives, and leaves the exit status on disk. It must start fast and
 * never fail for want of somebody else, so it imports Node built-ins and tiny local files only.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import { createServer, type Server } from 'node:net';

import { messageOf, utcTimestamp } from '../../domain/text.ts';
import { ClockWatch, GroupStopper, writeWholeFile } from './supervisor-parts.ts';
import {
  type LaunchExit,
  launchFiles,
  type LaunchIdentity,
  type StopRequest,
  type SupervisorSpec,
} from './launch-files.ts';
import { readBootId, readProcessStat } from './identity.ts';

/** How long a full disk may keep the exit status from being written before it is given up: ten minutes. */
const exitWriteTries = 300;
const exitWritePauseMs = 2000;

/** Between two looks at the clocks; a time of day that is set and set right again in between goes unseen. */
const clockLookMs = 1000;

const now = () => utcTimestamp(new Date());
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// A closed terminal or a dying worker must not end the run; SIGTERM is calib's way to ask for the end.
for (const signal of ['SIGHUP', 'SIGINT'] as const) process.on(signal, () => {});
// Asked to end before there is a child: then none is started.
let endAsked = false;
const rememberEnd = () => {
  endAsked = true;
};
process.on('SIGTERM', rememberEnd);

await supervise(JSON.parse(readFileSync(0, 'utf8')) as SupervisorSpec);
process.exit(0);

async function supervise(spec: SupervisorSpec): Promise<void> {
  if (!claim(spec)) return;
  const startedAt = now();
  const leases = await holdLeases(spec).catch((error: NodeJS.ErrnoException) => error);
  if (leases instanceof Error) {
    await finish(spec, {
      startedAt,
      error: { kind: 'lease', code: leases.code ?? '', message: leases.message },
    });
    return;
  }
  const clocks = new ClockWatch(spec.asked_at);
  const looking = setInterval(() => clocks.look(), clockLookMs);
  const ending: Ending = endAsked
    ? { startedAt, signal: 'SIGTERM', stop: readStop(spec, false) }
    : await runChild(spec, startedAt);
  for (const lease of leases) lease.close();
  clearInterval(looking);
  clocks.look();
  await finish(spec, ending, clocks);
}

async function runChild(spec: SupervisorSpec, startedAt: string): Promise<Ending> {
  const startedMs = performance.now();
  let child: ChildProcess;
  try {
    child = startChild(spec);
  } catch (error) {
    return { startedAt, error: describeStartError(error) };
  }
  const ended = new Promise<Ending>((resolve) => {
    child.once('error', (error) => resolve({ startedAt, error: describeStartError(error) }));
    child.once('exit', (exitCode, signal) => {
      resolve({ startedAt, exitCode, signal, durationMs: performance.now() - startedMs });
    });
  });
  const stopper = new GroupStopper(child.pid, spec.grace_ms);
  process.off('SIGTERM', rememberEnd);
  process.on('SIGTERM', () => stopper.stop());
  if (endAsked) stopper.stop();
  if (child.pid !== undefined) {
    try {
      writeIdentity(spec, startedAt, child.pid);
    } catch (error) {
      // Nobody could ever adopt or prove this child: a run that cannot be recorded must not go on.
      complain(`cannot write the identity: ${String(error)}`);
      stopper.stop();
      await ended;
      return { startedAt, error: describeStartError(error) };
    }
  }
  const ending = await ended;
  if (!stopper.asked) return ending;
  await stopper.finish();
  return { ...ending, stop: readStop(spec, stopper.killed) };
}

function startChild(spec: SupervisorSpec): ChildProcess {
  const log = openSync(spec.log_path, 'a', 0o600);
  try {
    const [program = '', ...args] = spec.argv;
    return spawn(program, args, {
      cwd: spec.cwd,
      env: spec.env,
      detached: true,
      stdio: ['ignore', log, log],
    });
  } finally {
    closeSync(log);
  }
}

function describeStartError(error: unknown): NonNullable<LaunchExit['start_error']> {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return { kind: 'spawn', code, message: messageOf(error) };
}

interface Ending {
  startedAt: string;
  durationMs?: number;
  exitCode?: number | null;
  signal?: string | null;
  error?: LaunchExit['start_error'];
  stop?: LaunchExit['stop'];
}

/** False when an adopter has given this launch up, or a second supervisor was started for it. */
function claim(spec: SupervisorSpec): boolean {
  try {
    const file = openSync(launchFiles.claim(spec.launch_dir, spec.launch_id), 'wx', 0o600);
    writeSync(file, `supervisor ${process.pid}\n`);
    closeSync(file);
    return true;
  } catch {
    return false;
  }
}

function writeIdentity(spec: SupervisorSpec, startedAt: string, childPid: number): void {
  const ticks = (pid: number) => readProcessStat(pid)?.start_ticks ?? 0;
  const identity: LaunchIdentity = {
    schema: 'calib.launch/1',
    token: spec.token,
    boot_id: readBootId(),
    supervisor: { pid: process.pid, start_ticks: ticks(process.pid) },
    child: { pid: childPid, start_ticks: ticks(childPid) },
    started_at: startedAt,
    command: spec.argv,
  };
  writeWholeFile(launchFiles.identity(spec.launch_dir), `${JSON.stringify(identity, null, 2)}\n`);
}

async function finish(spec: SupervisorSpec, ending: Ending, clocks?: ClockWatch): Promise<void> {
  const clock = clocks?.record() ?? null;
  const exit: LaunchExit = {
    schema: 'calib.launch-exit/1',
    token: spec.token,
    exit_code: ending.exitCode ?? null,
    signal: ending.signal ?? null,
    started_at: ending.startedAt,
    ended_at: now(),
    duration_s: Math.round((ending.durationMs ?? 0) / 10) / 100,
    stop: ending.stop ?? null,
    start_error: ending.error ?? null,
    ...(clock === null ? {} : { clock }),
  };
  const text = `${JSON.stringify(exit, null, 2)}\n`;
  for (let tries = 1; tries <= exitWriteTries; tries += 1) {
    try {
      writeWholeFile(launchFiles.exit(spec.launch_dir), text);
      return;
    } catch (error) {
      if (tries === 1) complain(`cannot write the exit status yet: ${String(error)}`);
      await pause(exitWritePauseMs);
    }
  }
}

/** Into the supervisor's log, which lies on the very disk that may be full: then nothing is said, and nobody dies of it. */
function complain(text: string): void {
  try {
    writeSync(process.stderr.fd, `${text}\n`);
  } catch {
    // The exit status, once it can be written, says all that is needed.
  }
}

/** A bare SIGTERM without a stop file is somebody else's wish, and recorded as such. */
function readStop(spec: SupervisorSpec, killed: boolean): NonNullable<LaunchExit['stop']> {
  const path = launchFiles.stop(spec.launch_dir);
  const unexplained = { reason: 'supervisor was sent SIGTERM', requested_at: now(), killed };
  if (!existsSync(path)) return unexplained;
  try {
    const stop = JSON.parse(readFileSync(path, 'utf8')) as Record<keyof StopRequest, unknown>;
    const { reason, requested_at } = stop;
    // An exit file with anything else in it could not be read by whoever waits for it.
    if (typeof reason === 'string' && typeof requested_at === 'string')
      return { reason, requested_at, killed };
  } catch {
    // A damaged file says no more than none.
  }
  return unexplained;
}

/** MAINTENANCE: the wire form of a lease (abstract socket that tells its holder) is `lock/host-lock.ts`'s. */
async function holdLeases(spec: SupervisorSpec): Promise<Server[]> {
  const servers: Server[] = [];
  for (const name of spec.lease_names) {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.end(spec.lease_holder);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(`\0${name}`, resolve);
    });
    servers.push(server);
  }
  return servers;
}
