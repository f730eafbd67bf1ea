import { join } from 'node:path';

import { expect, test } from 'vitest';

import { runWorker } from '../../src/worker/run-worker.ts';
import { listenForFirstByte, tlsHandshake } from '../fixtures/first-bytes.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';

test('a worker of a server with TLS begins with the handshake: nothing leaves in clear', async () => {
  const { address, firstByte } = await listenForFirstByte();
  const connection = { address, tls: { serverNameOverride: 'temporal.inside' } };
  const running = runWorker({
    settings: { address, namespace: 'default', connection },
    hostname: 'h20-1',
    gpus: null,
    lanes: 1,
    member: null,
    log: join(temporaryFolder(), 'sdk.log'),
    onReady: () => {},
    stop: AbortSignal.abort(),
  });
  await expect(running).rejects.toThrow(`no Temporal server answers on ${address}`);
  expect(await firstByte).toBe(tlsHandshake);
});
