import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { Client, Connection } from '@temporalio/client';
import { vi } from 'vitest';

import { type SessionState, isEnd } from '../../src/domain/session/session-state.ts';
import { startEmbeddedServer } from '../../src/worker/embedded-server.ts';
import { findRunningServer, removeServerRecord } from '../../src/worker/server-record.ts';
import { stateQuery } from '../../src/workflows/messages.ts';
import { type CalibRun, cleanEnvironment, runBuiltCalib, startCalib } from '../e2e/built-calib.ts';

/** Longer than any wait of the product: the heartbeat timeout is 30 s, and the machine may be busy. */
const PATIENCE_MS = 150_000;
const QUERY_LIMIT_MS = 15_000;

/** A server that somebody else runs (`host:port`): for the cases that leave the server alone. */
const givenServer = process.env['CALIB_FAULT_SERVER'] || undefined;

/**
 * A Temporal server and a `calib worker`, each in a process that a test may kill, freeze and start again without the
 * other. A restarted server has the same file and the same port.
 */
export class FaultWorld {
  readonly dir: string;
  readonly #lanes: number;
  #ports = portsOf(process.pid);
  #address = '';
  #connection: Connection | undefined;
  #client: Client | undefined;
  #worker: ReturnType<typeof startCalib> | undefined;

  private constructor(dir: string, lanes: number) {
    this.dir = dir;
    this.#lanes = lanes;
  }

  /** Server and worker, both ready. */
  static async start(options: { lanes?: number } = {}): Promise<FaultWorld> {
    const dir = await realpath(await mkdtemp(join(tmpdir(), 'calib-faults-')));
    const world = new FaultWorld(dir, options.lanes ?? 1);
    await world.startServer();
    await world.startWorker();
    return world;
  }

  get db(): string {
    return join(this.dir, 'temporal.db');
  }

  /** host:port, the same for ever. */
  get address(): string {
    return this.#address;
  }

  get client(): Client {
    if (this.#client === undefined) throw new Error('no server has been started');
    return this.#client;
  }

  /** Of commands that talk to this server. */
  get env(): Record<string, string> {
    return cleanEnvironment({
      TEMPORAL_ADDRESS: this.#address,
      XDG_STATE_HOME: join(this.dir, 'state'),
      XDG_CONFIG_HOME: join(this.dir, 'config'),
      CALIB_LEASE_SCOPE: this.dir,
    });
  }

  async startServer(): Promise<void> {
    if (givenServer === undefined) await this.#startOwnServer();
    else this.#address = givenServer;
    await this.#connection?.close();
    this.#connection = await Connection.connect({ address: this.#address });
    this.#client = new Client({ connection: this.#connection });
  }

  async #startOwnServer(): Promise<void> {
    const isStarted = async () => {
      const server = await startEmbeddedServer({ db: this.db, ...this.#ports, env: process.env });
      this.#address = server.address;
      return true;
    };
    // The threads of a killed server may hold its port for moments after its process counts as gone.
    await waitUntil(isStarted, 'the server starts', { limitMs: 60_000 });
  }

  async signalServer(signal: NodeJS.Signals): Promise<void> {
    const record = await findRunningServer(this.db);
    if (record !== null) process.kill(record.process.pid, signal);
  }

  /** SIGKILL; the file stays. */
  async killServer(): Promise<void> {
    if (givenServer !== undefined) throw new Error('this case needs a server of its own');
    await this.signalServer('SIGKILL');
    await waitUntil(async () => (await findRunningServer(this.db)) === null, 'the server is gone');
  }

  /** @param env on top of the world's own, for a worker that sees something else than the others do */
  async startWorker(env: Record<string, string> = {}): Promise<void> {
    const child = startCalib(['worker', '--json', '--lanes', String(this.#lanes)], {
      env: { ...this.env, ...env },
    });
    await new Promise<void>((resolve, reject) => {
      createInterface({ input: child.stdout }).once('line', () => resolve());
      void child.then(({ stderr }) => reject(new Error(`the worker ended before it was ready:\n${stderr}`)));
    });
    this.#worker = child;
  }

  signalWorker(signal: NodeJS.Signals): void {
    this.#worker?.kill(signal);
  }

  /** Lets the worker be, for another to be started beside it. */
  keepWorker(): { signal: (signal: NodeJS.Signals) => void; kill: () => Promise<void> } {
    const kept = this.#worker;
    this.#worker = undefined;
    return {
      signal: (signal) => kept?.kill(signal),
      kill: async () => {
        kept?.kill('SIGKILL');
        await kept;
      },
    };
  }

  async killWorker(): Promise<void> {
    this.signalWorker('SIGKILL');
    await this.#worker;
    this.#worker = undefined;
  }

  /** SIGTERM, as a service manager does it; gives the exit code. */
  async drainWorker(): Promise<number | undefined> {
    this.signalWorker('SIGTERM');
    const ended = await this.#worker;
    this.#worker = undefined;
    return ended?.exitCode;
  }

  async calib(...args: string[]): Promise<CalibRun> {
    return await runBuiltCalib(args, { env: this.env });
  }

  /** A command that goes on while the test does other things. */
  begin(...args: string[]): ReturnType<typeof startCalib> {
    return startCalib(args, { env: this.env });
  }

  async state(session: string): Promise<SessionState> {
    const query = () => this.client.workflow.getHandle(session).query(stateQuery);
    return await this.client.connection.withDeadline(Date.now() + QUERY_LIMIT_MS, query);
  }

  /** Waits until the session's state satisfies the condition; what only a person could change fails at once. */
  async until(session: string, holds: (state: SessionState) => boolean): Promise<SessionState> {
    let seen: SessionState | undefined;
    const reached = async () => {
      seen = await this.state(session);
      return holds(seen) || isStuck(seen);
    };
    await waitUntil(reached, () => `a state of ${session}; it is ${JSON.stringify(seen)}`);
    if (seen === undefined || !holds(seen)) {
      throw new Error(`${session} does not go on: ${JSON.stringify(seen)}`);
    }
    return seen;
  }

  /** Ends everything, sessions first: their pytest must not outlive the test. */
  async close(): Promise<void> {
    await this.killWorker();
    await this.#connection?.close();
    await this.signalServer('SIGKILL');
    await removeServerRecord(this.db);
    await rm(this.dir, { recursive: true, force: true });
  }
}

/** Where only a person could do something. */
function isStuck({ phase }: SessionState): boolean {
  if (phase.kind === 'blocked') return phase.cause !== 'no-worker';
  return phase.kind === 'halted' || isEnd(phase);
}

/** Asks every few milliseconds; what cannot be asked at the moment counts as not yet. */
export async function waitUntil(
  holds: () => Promise<boolean>,
  what: string | (() => string),
  options: { limitMs?: number; intervalMs?: number } = {},
): Promise<void> {
  const name = () => (typeof what === 'string' ? what : what());
  await vi.waitFor(
    async () => {
      if (!(await holds())) throw new Error(`not reached: ${name()}`);
    },
    { timeout: options.limitMs ?? PATIENCE_MS, interval: options.intervalMs ?? 50 },
  );
}

/**
 * Two of this process's own, below those that the kernel gives away: a client that asks for a port of that range again
 * and again while nobody listens there is at last connected to itself, and keeps the port from the server.
 */
function portsOf(pid: number): { port: number; uiPort: number } {
  const port = 12_000 + 2 * (pid % 9000);
  return { port, uiPort: port + 1 };
}
