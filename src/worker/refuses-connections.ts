import { connect } from 'node:net';

const loopback = /^(127\.\d+\.\d+\.\d+|localhost|\[::1\]):(\d+)$/;
const limitMs = 500;

/**
 * True when nothing listens on an address of this machine: known at once, where the client would ask again for seconds.
 * False for every other address, since a proxy may stand between.
 *
 * @param address host:port
 */
export async function refusesConnections(address: string): Promise<boolean> {
  const [, host, port] = loopback.exec(address) ?? [];
  if (host === undefined || port === undefined) return false;
  return await new Promise((resolve) => {
    const socket = connect({ host: host.replace(/[[\]]/g, ''), port: Number(port), timeout: limitMs });
    const settle = (refused: boolean) => {
      socket.destroy();
      resolve(refused);
    };
    socket.once('connect', () => settle(false));
    socket.once('timeout', () => settle(false));
    socket.once('error', (error: NodeJS.ErrnoException) => settle(error.code === 'ECONNREFUSED'));
  });
}
