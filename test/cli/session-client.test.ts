import { expect, onTestFinished, test, vi } from 'vitest';

import { openSessionClient } from '../../src/cli/session/session-client.ts';
import { listenForFirstByte, tlsHandshake } from '../fixtures/first-bytes.ts';

test('a client of a server with TLS begins with the handshake: nothing leaves in clear', async () => {
  const { address, firstByte } = await listenForFirstByte();
  vi.stubEnv('TEMPORAL_ADDRESS', address);
  vi.stubEnv('TEMPORAL_TLS_SERVER_NAME', 'temporal.inside');
  onTestFinished(() => void vi.unstubAllEnvs());
  // It tries for seconds; what it says first is all that counts here.
  openSessionClient().catch(() => {});
  expect(await firstByte).toBe(tlsHandshake);
});
