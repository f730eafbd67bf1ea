import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';

import { Connection } from '@temporalio/client';

import { CalibError } from '../domain/calib-error.ts';
import { type ProcessIdentity, isAlive, readProcessIdentity } from '../host/process/process-identity.ts';
import { withoutLoopbackProxy } from './client-settings.ts';
import { freePort } from './free-port.ts';
import { journalMode } from './journal-mode.ts';
import { registerSearchAttributes } from './search-attributes.ts';
import { findRunningServer, removeServerRecord, writeServerRecord } from './server-record.ts';
import { findTemporalCli } from './temporal-cli.ts';
import { serverTuning } from './server-tuning.ts';
import { recordWebUi } from './web-ui.ts';

export interface EmbeddedServerOptions {
  /** SQLite file; a second start with the same file carries on with its sessions. */
  db: string;
  /** 0 = any free port. */
  port: number;
  uiPort: number;
  /** Where it answers with its own metrics (`/metrics`, as Prometheus reads them); by default a port of its choice. */
  metricsPort?: number;
  env: NodeJS.ProcessEnv;
}

export interface EmbeddedServer {
  /** host:port */
  address: string;
  /** `http://127.0.0.1:<port>` */
  ui: string;
  /** True when a server of an earlier `up` on this file was found running and taken over. */
  adopted: boolean;
  /** Resolves when the server process is gone, whoever ended it. */
  ended: Promise<void>;
  /** Ends the server and waits until it is gone. */
  stop: () => Promise<void>;
}

const readyLimitMs = 60_000;
const stopLimitMs = 15_000;

/**
 * Starts `temporal server start-dev` on 127.0.0.1 and resolves when it answers and knows calib's search attributes.
 *
 * @throws CalibError when a port is taken, the program is missing, or the server ends or stays silent
 */
export async function startEmbeddedServer(options: EmbeddedServerOptions): Promise<EmbeddedServer> {
  const running = await findRunningServer(options.db);
  if (running !== null) {
    await untilReady(running.address, running.process, options.db);
    return {
      ...handle(options.db, running.process),
      address: running.address,
      ui: running.ui,
      adopted: true,
    };
  }
  const port = await freePort(options.port);
  const uiPort = await freePort(options.uiPort);
  const process = await spawnServer(options, port, uiPort);
  const address = `127.0.0.1:${port}`;
  const ui = `http://127.0.0.1:${uiPort}`;
  await writeServerRecord(options.db, { process, address, ui });
  const server = { ...handle(options.db, process), address, ui, adopted: false };
  try {
    await untilReady(address, process, options.db);
    await prepareNamespace(address, ui);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

/** In a session of its own: Ctrl-C must reach calib alone, which drains its worker before it stops the server. */
async function spawnServer(
  options: EmbeddedServerOptions,
  port: number,
  uiPort: number,
): Promise<ProcessIdentity> {
  await mkdir(dirname(options.db), { recursive: true, mode: 0o700 });
  const log = await open(`${options.db}.server.log`, 'a', 0o600);
  const args = ['server', 'start-dev', '--ip', '127.0.0.1', '--ui-ip', '127.0.0.1', '--log-level', 'warn'];
  args.push(
    '--port',
    String(port),
    '--ui-port',
    String(uiPort),
    '--db-filename',
    options.db,
    '--ui-disable-news-fetch',
  );
  if (options.metricsPort !== undefined) args.push('--metrics-port', String(options.metricsPort));
  // Named in either case: the file keeps the mode of its last server.
  args.push('--sqlite-pragma', `journal_mode=${await journalMode(dirname(options.db))}`);
  for (const [name, value] of Object.entries(serverTuning)) {
    args.push('--dynamic-config-value', `${name}=${value}`);
  }
  const child = spawn(findTemporalCli(options.env), args, {
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
    env: options.env,
  });
  await once(child, 'spawn');
  await log.close();
  child.unref();
  const identity = child.pid === undefined ? undefined : readProcessIdentity(child.pid);
  if (identity === undefined) throw await serverEnded(options.db);
  return identity;
}

async function untilReady(address: string, process: ProcessIdentity, db: string): Promise<void> {
  const deadline = Date.now() + readyLimitMs;
  for (;;) {
    if (!isAlive(process)) throw await serverEnded(db);
    try {
      const connection = await Connection.connect({
        ...withoutLoopbackProxy(address),
        address,
        connectTimeout: 1000,
      });
      try {
        await connection.workflowService.describeNamespace({ namespace: 'default' });
        return;
      } finally {
        await connection.close();
      }
    } catch (cause) {
      if (Date.now() > deadline) {
        throw new CalibError('unreachable', `the embedded server on ${address} does not answer`, {
          remedy: `see ${db}.server.log`,
          cause,
        });
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function prepareNamespace(address: string, ui: string): Promise<void> {
  const connection = await Connection.connect({ ...withoutLoopbackProxy(address), address });
  try {
    await registerSearchAttributes(connection, 'default');
    await recordWebUi(connection, 'default', ui);
  } finally {
    await connection.close();
  }
}

/** The server's last words are the reason, in most cases. */
async function serverEnded(db: string): Promise<CalibError> {
  const log = await readFile(`${db}.server.log`, 'utf8').catch(() => '');
  const lastWords = log.trimEnd().split('\n').at(-1) ?? '';
  return new CalibError(
    'unreachable',
    `the embedded Temporal server ended at once: ${lastWords.slice(0, 500)}`,
    {
      remedy: `see ${db}.server.log`,
    },
  );
}

function handle(db: string, server: ProcessIdentity): Pick<EmbeddedServer, 'ended' | 'stop'> {
  const gone = async (limitMs: number): Promise<boolean> => {
    const deadline = Date.now() + limitMs;
    while (isAlive(server)) {
      if (Date.now() > deadline) return false;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return true;
  };
  return {
    ended: gone(Number.POSITIVE_INFINITY).then(() => undefined),
    stop: async () => {
      if (isAlive(server)) process.kill(server.pid, 'SIGTERM');
      if (!(await gone(stopLimitMs)) && isAlive(server)) {
        process.kill(server.pid, 'SIGKILL');
        await gone(stopLimitMs);
      }
      await removeServerRecord(db);
    },
  };
}
