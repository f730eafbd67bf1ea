import { type AddressInfo, createServer } from 'node:net';

import { CalibError } from '../domain/calib-error.ts';

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
