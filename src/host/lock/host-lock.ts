import { connect, createServer, type Server } from 'node:net';

import { sha256Of } from '../run-directory/files.ts';
/**
 * Leases that die with their holder: names of Linux abstract sockets, which the kernel frees when the process that
 * bound them ends, however it ends. Nothing on disk can go stale.
 *
 * Two names a resource. `owner` is held by the worker during gate, launch and clean-up; `run` by the supervisor while
 * the child lives, so that after a worker's crash the lane stays taken as long as its pytest runs. Who adopts a run
 * takes `owner` only.
 *
 * The names are seen by all processes of one network namespace: workers in containers with networks of their own do not
 * see each other's leases, only each other's processes on the GPU (the gate).
 */
export interface HostLock {
  /** What is held: `gpu/<uuid>` or `lane/<host>/<name>`. */
  readonly resources: readonly string[];
  /** Socket names for `launchSupervised`'s `leaseNames`. */
  readonly runNames: readonly string[];
  /** Frees the owner names; a run that goes on keeps its own. */
  release(): Promise<void>;
}

export type HostLockResult =
  | { kind: 'held'; lease: HostLock }
  /** `holder`: what it says of itself, empty when it does not answer. */
  | { kind: 'busy'; resource: string; part: 'owner' | 'run'; holder: string };

export interface HostLockOptions {
  resources: readonly string[];
  /** What others are told: session, unit, repeat. */
  holder: string;
  /** Taking over a run that goes on: `run` may be held (by that run's supervisor). */
  adopting?: boolean;
  /** Default `$CALIB_LEASE_SCOPE`: separates tests, and clusters on one machine that really are apart. */
  scope?: string;
}

/** What a lane is made of: its GPUs by UUID (an index means another GPU in another container), else its name. */
export function laneResources(lane: { gpuUuids: readonly string[]; host: string; name: string }): string[] {
  if (lane.gpuUuids.length === 0) return [`lane/${lane.host}/${lane.name}`];
  return lane.gpuUuids.map((uuid) => `gpu/${uuid}`).sort();
}

/**
 * Takes all resources of a lane or none. Does not wait.
 *
 * @throws Error when the kernel refuses a socket for another reason than a holder.
 */
export async function acquireHostLock(options: HostLockOptions): Promise<HostLockResult> {
  const scope = options.scope ?? process.env['CALIB_LEASE_SCOPE'] ?? '';
  const name = (resource: string, part: 'owner' | 'run') => socketName({ scope, resource, part });
  const servers: Server[] = [];
  const busy = async (resource: string, part: 'owner' | 'run'): Promise<HostLockResult> => {
    const holder = (await askHolder(name(resource, part))) ?? '';
    await Promise.all(servers.map(closeServer));
    return { kind: 'busy', resource, part, holder };
  };
  for (const resource of options.resources) {
    const server = await bind(name(resource, 'owner'), options.holder).catch(async (error: unknown) => {
      await Promise.all(servers.map(closeServer));
      throw error;
    });
    if (server === undefined) return await busy(resource, 'owner');
    servers.push(server);
    const runs = options.adopting !== true && (await askHolder(name(resource, 'run'))) !== undefined;
    if (runs) return await busy(resource, 'run');
  }
  return {
    kind: 'held',
    lease: {
      resources: options.resources,
      runNames: options.resources.map((resource) => name(resource, 'run')),
      release: async () => {
        await Promise.all(servers.map(closeServer));
      },
    },
  };
}

/** What the holder of a resource says of itself; null when nobody holds it. Takes nothing. */
export async function hostLockHolder(
  resource: string,
  scope: string = process.env['CALIB_LEASE_SCOPE'] ?? '',
): Promise<string | null> {
  const ask = (part: 'owner' | 'run') => askHolder(socketName({ scope, resource, part }));
  return (await ask('owner')) ?? (await ask('run')) ?? null;
}

/** Several leases as one. */
export function joinHostLocks(leases: readonly HostLock[]): HostLock {
  return {
    resources: leases.flatMap((lease) => lease.resources),
    runNames: leases.flatMap((lease) => lease.runNames),
    release: async () => {
      await Promise.all(leases.map((lease) => lease.release()));
    },
  };
}

/** The kernel cuts longer names off without a word, which would make different ones equal. */
const longestName = 100;
const askTimeoutMs = 500;

function socketName(parts: { scope: string; resource: string; part: 'owner' | 'run' }): string {
  const base = `calib/${parts.scope === '' ? '' : `${parts.scope}/`}${parts.resource}`;
  const full = `${base}/${parts.part}`;
  if (Buffer.byteLength(full) <= longestName) return full;
  return `calib/${sha256Of(base).slice(0, 40)}/${parts.part}`;
}

/**
 * Undefined when somebody holds the name. The server tells who asks whose it is.
 * MAINTENANCE: the supervisor (`process/supervisor-main.ts`) binds run names in the same way.
 */
async function bind(name: string, holder: string): Promise<Server | undefined> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.end(holder);
  });
  return await new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(`\0${name}`, () => {
      server.unref();
      resolve(server);
    });
  });
}

/** What the holder of a name says; undefined when nobody holds it. By connecting: binding could beat its holder to it. */
async function askHolder(name: string): Promise<string | undefined> {
  return await new Promise((resolve) => {
    let said = '';
    const socket = connect(`\0${name}`);
    const answer = (holder: string | undefined) => {
      socket.destroy();
      resolve(holder);
    };
    socket.setTimeout(askTimeoutMs, () => answer(said));
    socket.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(0, 500);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      answer(error.code === 'ECONNREFUSED' || error.code === 'ENOENT' ? undefined : said);
    });
    socket.on('close', () => answer(said));
  });
}

async function closeServer(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
}
