import { type FSWatcher, watch } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { utcTimestamp } from '../../domain/text.ts';
import { hasCode } from '../run-directory/files.ts';
import {
  type LaunchExit,
  launchExitSchema,
  launchFiles,
  type LaunchIdentity,
  readLaunchDocument,
  type StopRequest,
  stopRequestSchema,
} from './launch-files.ts';
import { isAlive } from './identity.ts';
import { writeWholeFile } from './supervisor-parts.ts';

/** How a launch is known to have ended. `lost`: the supervisor died without leaving an exit status. */
export type LaunchEnd = { state: 'ended'; exit: LaunchExit } | { state: 'lost'; reason: string };

export interface WaitForExitOptions {
  /** Ends the waiting, not the launch: the promise rejects with the signal's reason. */
  signal?: AbortSignal;
  /**
   * Called after each look, at least every `pollMs`; a rejection ends the waiting. What it awaits holds up both the end and
   * the signal, so it must come back soon; `again` asks to be called at once, after another look at both.
   */
  onTick?: () => void | Promise<'again' | void>;
  /** Milliseconds between looks when nothing happens in the launch folder; 500 at most and by default. */
  pollMs?: number;
}

/** A launch that was seen running. Dropping the handle leaves the launch alone. */
export interface LaunchHandle {
  readonly launchDir: string;
  readonly identity: LaunchIdentity;
  /** Resolves once the exit status is on disk or can never come. */
  waitForExit(options?: WaitForExitOptions): Promise<LaunchEnd>;
  /** Asks the supervisor to end the child (TERM, grace, KILL); the first reason is the recorded one. */
  requestStop(reason: string): Promise<void>;
}

const longestPollMs = 500;

/** The handle of the launch whose identity stands in `launchDir`. */
export function createLaunchHandle(launchDir: string, identity: LaunchIdentity): LaunchHandle {
  return {
    launchDir,
    identity,
    waitForExit: (options = {}) => waitForExit({ launchDir, identity, ...options }),
    requestStop: (reason) => requestStop({ launchDir, identity, reason }),
  };
}

/**
 * How the launch ended, or undefined while it runs. The exit status is looked for again after the supervisor was seen
 * dead, because writing it is the last thing that it does.
 */
export async function readLaunchEnd(
  launchDir: string,
  identity: LaunchIdentity,
): Promise<LaunchEnd | undefined> {
  const supervisorLives = isAlive({ ...identity.supervisor, boot_id: identity.boot_id });
  const exit = await readLaunchDocument(launchFiles.exit(launchDir), launchExitSchema);
  if (exit.kind === 'unreadable') return { state: 'lost', reason: exit.reason };
  if (exit.kind === 'read') {
    if (exit.document.token === identity.token) return { state: 'ended', exit: exit.document };
    return { state: 'lost', reason: `${launchFiles.exit(launchDir)} belongs to another launch` };
  }
  if (supervisorLives) return undefined;
  const childLives = isAlive({ ...identity.child, boot_id: identity.boot_id });
  const child = childLives ? `pytest (pid ${identity.child.pid}) still runs` : 'pytest is gone too';
  return {
    state: 'lost',
    reason: `supervisor (pid ${identity.supervisor.pid}) died without an exit status; ${child}`,
  };
}

async function waitForExit(
  options: WaitForExitOptions & { launchDir: string; identity: LaunchIdentity },
): Promise<LaunchEnd> {
  const { launchDir, identity, signal, onTick } = options;
  const pollMs = Math.min(options.pollMs ?? longestPollMs, longestPollMs);
  const doorbell = new Doorbell(launchDir, signal);
  try {
    for (;;) {
      signal?.throwIfAborted();
      const end = await readLaunchEnd(launchDir, identity);
      if (end !== undefined) return end;
      const answer = await onTick?.();
      await (answer === 'again' ? nextTurn() : doorbell.next(pollMs));
    }
  } finally {
    doorbell.close();
  }
}

async function requestStop(request: {
  launchDir: string;
  identity: LaunchIdentity;
  reason: string;
}): Promise<void> {
  const { launchDir, identity, reason } = request;
  const path = launchFiles.stop(launchDir);
  const earlier = await readLaunchDocument(path, stopRequestSchema);
  if (earlier.kind !== 'read') {
    const stop: StopRequest = {
      schema: 'calib.launch-stop/1',
      reason,
      requested_at: utcTimestamp(new Date()),
    };
    writeWholeFile(path, `${JSON.stringify(stop, null, 2)}\n`);
  }
  if (!isAlive({ ...identity.supervisor, boot_id: identity.boot_id })) return;
  try {
    process.kill(identity.supervisor.pid, 'SIGTERM');
  } catch (error) {
    if (!hasCode(error, 'ESRCH')) throw error;
  }
}

/** Wakes a waiter when a file of the folder changes, after a time, or on abort. */
class Doorbell {
  readonly #watcher: FSWatcher | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #onRing = () => {
    this.#rung = true;
    this.#wake();
  };
  #wake: () => void = () => {};
  #rung = false;

  constructor(folder: string, signal: AbortSignal | undefined) {
    this.#watcher = tryWatch(folder, this.#onRing);
    this.#signal = signal;
    signal?.addEventListener('abort', this.#onRing);
  }

  async next(timeoutMs: number): Promise<void> {
    if (!this.#rung) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#rung = false;
    this.#wake = () => {};
  }

  close(): void {
    this.#watcher?.close();
    this.#signal?.removeEventListener('abort', this.#onRing);
  }
}

/** Watching is a convenience: a host out of inotify watches is served by polling. */
function tryWatch(folder: string, onChange: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, onChange);
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}
