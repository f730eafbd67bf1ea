import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { execa } from 'execa';

const forwarder = fileURLToPath(new URL('forward-port.mjs', import.meta.url));

/** Where the processes of another machine run. */
export interface PoolMachine {
  /** Begins every command line there. */
  enter: string[];
  /** The Temporal server as it is reached from there. */
  address: string;
  /** Variables that stand in for what a machine has of itself. */
  env: Record<string, string>;
  close: () => Promise<void>;
}

/**
 * Another machine: with a network and a name of its own where namespaces may be made here, so that neither leases nor
 * names are shared; else told apart by variables.
 *
 * @param folder takes the socket that the connection to the server goes through
 */
export async function startPoolMachine(
  name: string,
  { address, folder }: { address: string; folder: string },
): Promise<PoolMachine> {
  if (!(await mayMakeNamespaces())) {
    const env = { CALIB_HOSTNAME: name, CALIB_LEASE_SCOPE: join(folder, name) };
    return { enter: [], address, env, close: () => Promise.resolve() };
  }
  const socket = join(folder, 'temporal.sock');
  const [, port = ''] = address.split(':');
  const outside = execa(process.execPath, [forwarder, 'in', port, socket], { reject: false });
  await once(createInterface({ input: outside.stdout }), 'line');
  const begin = 'hostname "$1" && ip link set lo up && shift && exec "$@"';
  const command = [process.execPath, forwarder, 'out', socket];
  const inside = execa('unshare', ['--net', '--uts', 'sh', '-c', begin, 'sh', name, ...command], {
    reject: false,
  });
  const [own] = (await once(createInterface({ input: inside.stdout }), 'line')) as [string];
  const namespaces = `/proc/${inside.pid}/ns`;
  return {
    enter: ['nsenter', `--net=${namespaces}/net`, `--uts=${namespaces}/uts`],
    address: `127.0.0.1:${own}`,
    env: {},
    close: async () => {
      inside.kill('SIGKILL');
      outside.kill('SIGKILL');
      await Promise.all([inside, outside]);
    },
  };
}

async function mayMakeNamespaces(): Promise<boolean> {
  const tried = 'hostname lab-0 && ip link set lo up';
  const { exitCode } = await execa('unshare', ['--net', '--uts', 'sh', '-c', tried], { reject: false });
  return exitCode === 0;
}
