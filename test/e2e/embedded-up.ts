import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { Client, Connection, WorkflowNotFoundError } from '@temporalio/client';
import { expect, vi } from 'vitest';

import { type SessionState, isEnd } from '../../src/domain/session/session-state.ts';
import { stateQuery } from '../../src/workflows/messages.ts';
import { type CalibRun, cleanEnvironment, runBuiltCalib, startCalib } from './built-calib.ts';

/** A killed worker is noticed by the missing heartbeat, after half a minute. */
const PHASE_LIMIT_MS = 80_000;

/** A `calib up` of this test file alone: own database, own ports, own state folder. */
export interface EmbeddedUp {
  /** Folder of database, logs and state; removed by `close`. */
  dir: string;
  db: string;
  address: string;
  ui: string;
  /** Environment of commands that talk to this server. */
  env: Record<string, string>;
  /** Runs a command against this server. */
  calib: (...args: string[]) => Promise<CalibRun>;
  /** The same with more variables. */
  calibAs: (more: Record<string, string>, ...args: string[]) => Promise<CalibRun>;
  /** Starts a session without following it; gives its id. */
  startDetached: (...args: string[]) => Promise<string>;
  /** The session's whole state, asked directly. */
  state: (session: string) => Promise<SessionState>;
  /** Waits until the session's state satisfies the condition. */
  until: (
    session: string,
    holds: (state: SessionState) => boolean,
    limitMs?: number,
  ) => Promise<SessionState>;
  untilPhase: (session: string, kind: SessionState['phase']['kind']) => Promise<SessionState>;
  client: Client;
  /** Aborts every session that is still open: what a failed test leaves must not hold up the next one. */
  abortAll: () => Promise<void>;
  /** Ctrl-C; gives the exit code once the process has ended. */
  interrupt: () => Promise<number | undefined>;
  /** The exit code once the process has ended by itself. */
  ended: () => Promise<number | undefined>;
  /** SIGKILL: the embedded server stays, as after a crash. */
  kill: () => Promise<void>;
  /** Another `up` on the same database. */
  again: () => Promise<void>;
  /** Pid of the Temporal server that is noted for the database, if it is alive. */
  serverPid: () => Promise<number | null>;
  /** Ends everything and removes the folder. */
  close: () => Promise<void>;
}

/** Starts `calib up` and resolves when it says that its worker polls. */
export async function startUp(
  options: { env?: Record<string, string>; args?: string[] } = {},
): Promise<EmbeddedUp> {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'calib-up-')));
  const db = join(dir, 'temporal.db');
  const folders = {
    XDG_STATE_HOME: join(dir, 'state'),
    XDG_CONFIG_HOME: join(dir, 'config'),
    // Lanes are leased host-wide: files that run side by side must not wait for each other.
    CALIB_LEASE_SCOPE: dir,
  };
  const launch = async () => {
    const args = ['up', '--json', '--port', '0', '--ui-port', '0', '--db', db, ...(options.args ?? [])];
    const child = startCalib(args, { env: cleanEnvironment({ ...folders, ...options.env }) });
    const ready = await new Promise<{ address: string; ui: string }>((resolve, reject) => {
      createInterface({ input: child.stdout }).once('line', (line) => resolve(JSON.parse(line)));
      void child.then(({ stderr }) => reject(new Error(`calib up ended before it was ready:\n${stderr}`)));
    });
    const connection = await Connection.connect({ address: ready.address });
    return { child, ready, connection, client: new Client({ connection }) };
  };
  let running = await launch();
  const env = () => cleanEnvironment({ ...folders, TEMPORAL_ADDRESS: running.ready.address });
  const calibAs = async (more: Record<string, string>, ...args: string[]) =>
    await runBuiltCalib(args, { env: { ...env(), ...more } });
  const calib = async (...args: string[]) => await calibAs({}, ...args);
  const end = async (signal: NodeJS.Signals) => {
    await running.connection.close();
    running.child.kill(signal);
    return (await running.child).exitCode;
  };
  const state = async (session: string) => await running.client.workflow.getHandle(session).query(stateQuery);
  const until = async (session: string, holds: (seen: SessionState) => boolean, limitMs = PHASE_LIMIT_MS) => {
    const seen = await vi.waitFor(
      async () => {
        const now = await state(session);
        // An end that nobody waits for will not go away.
        if (!holds(now) && !isEnd(now.phase)) throw new Error(`session ${session}: ${JSON.stringify(now)}`);
        return now;
      },
      { timeout: limitMs, interval: 100 },
    );
    if (!holds(seen)) throw new Error(`session ${session} has ended: ${JSON.stringify(seen.phase)}`);
    return seen;
  };
  const openSessions = async () => {
    const ids: string[] = [];
    for await (const { workflowId } of running.client.workflow.list({
      query: "ExecutionStatus = 'Running'",
    })) {
      ids.push(workflowId);
    }
    return ids;
  };
  const abortAll = async () => {
    for (const id of await openSessions()) {
      await running.client.workflow
        .getHandle(id)
        .signal('abort')
        .catch((error: unknown) => {
          // The list lags behind: that one has just ended by itself.
          if (!(error instanceof WorkflowNotFoundError)) throw error;
        });
    }
    await vi.waitFor(async () => expect(await openSessions()).toEqual([]), {
      timeout: PHASE_LIMIT_MS,
      interval: 200,
    });
  };
  const serverPid = async () => await livingServer(db);
  return {
    dir,
    db,
    get address() {
      return running.ready.address;
    },
    get ui() {
      return running.ready.ui;
    },
    get env() {
      return env();
    },
    get client() {
      return running.client;
    },
    calib,
    calibAs,
    startDetached: async (...args) => {
      const run = await calib('start', '--detach', '--json', ...args);
      if (run.exitCode !== 0) throw new Error(`start ended with ${run.exitCode}: ${run.stderr}`);
      return (JSON.parse(run.stdout) as { session: string }).session;
    },
    state,
    until,
    untilPhase: async (session, kind) => await until(session, ({ phase }) => phase.kind === kind),
    interrupt: async () => await end('SIGINT'),
    ended: async () => (await running.child).exitCode,
    kill: async () => {
      await end('SIGKILL');
    },
    again: async () => {
      running = await launch();
    },
    abortAll,
    serverPid,
    close: async () => {
      if (running.child.exitCode === null && running.child.signalCode === null) await end('SIGINT');
      const left = await serverPid();
      if (left !== null) process.kill(left, 'SIGKILL');
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** The server process that the database's record names, while it runs on that database. */
async function livingServer(db: string): Promise<number | null> {
  const record = await readFile(`${db}.server.json`, 'utf8').catch(() => null);
  if (record === null) return null;
  const { pid } = (JSON.parse(record) as { process: { pid: number } }).process;
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return command.includes(db) ? pid : null;
}
