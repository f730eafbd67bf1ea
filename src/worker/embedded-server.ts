import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile, statfs } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { dirname } from 'node:path';

import { Connection } from '@temporalio/client';

import { CalibError } from '../domain/calib-error.ts';
import { isAlive, type ProcessIdentity, readProcessIdentity } from '../host/process/identity.ts';
import { registerSearchAttributes, withoutLoopbackProxy } from './connection.ts';
import {
  findRunningServer,
  findTemporalCli,
  recordWebUi,
  removeServerRecord,
  writeServerRecord,
} from './server-record.ts';

/**
 * A TCP port of 127.0.0.1 that is free now.
 *
 * @param wanted 0 for any
 * @throws CalibError when the wanted one is taken
 */
export async function freePort(wanted: number): Promise<number> {
  return await new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (cause) =>
      reject(
        new CalibError('refused', `port ${wanted} of 127.0.0.1 is in use`, {
          remedy: 'stop what uses it, or choose another port (0 = any free one)',
          cause,
        }),
      ),
    );
    server.listen(wanted, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** Types of file systems that belong to this machine alone, as `statfs` numbers them. */
const localFileSystems = new Set([
  0xef53, // ext2, ext3, ext4
  0x58465342, // xfs
  0x9123683e, // btrfs
  0xf2f52010, // f2fs
  0x2fc12fc1, // zfs
  0x01021994, // tmpfs
  0x794c7630, // overlay
]);

/**
 * How SQLite is to keep a database in this folder whole. A write-ahead log is as durable and needs a third of the time,
 * which every step of a session waits for; but it shares memory beside the file, which is not safe on a network's.
 */
export async function journalMode(folder: string): Promise<'wal' | 'delete'> {
  const { type } = await statfs(folder);
  return localFileSystems.has(type) ? 'wal' : 'delete';
}

/**
 * Where the server's defaults, made for thousands of workflows, are too low for one busy session. Dynamic configuration
 * by the server's own names.
 *
 * MAINTENANCE: the same in `deploy/temporal/dynamic-config.yaml`.
 */
export const serverTuning: Readonly<Record<string, number>> = {
  // How often a second a shard looks for what is to be handed to the workers. By default 20: each repeat, and each
  // query that comes after an event, waits up to 50 ms for its turn.
  'history.transferProcessorMaxPollRPS': 200,
  // How many queries may wait together for a session's next step. By default 1: a second one is refused and asked again
  // by its client, seconds later (`calib list` alone asks two at once).
  'history.maxBufferedQueryCount': 100,
};

export interface EmbeddedServerOptions {
  /** SQLite file; a second start with the same file continues with its sessions. */
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
