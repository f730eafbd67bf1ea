import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, inject, test, vi } from 'vitest';

import { openSessionClient } from '../../src/cli/session/session-client.ts';
import { requireNamespace, type NamespaceService } from '../../src/worker/require-namespace.ts';
import { runWorker } from '../../src/worker/run-worker.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';

const address = inject('temporalAddress');
const unknown = {
  code: 'unreachable',
  message: `no namespace nightly on the Temporal server ${address}, which has: default`,
};

describe('a namespace that the server does not have', () => {
  beforeEach(() => {
    vi.stubEnv('TEMPORAL_ADDRESS', address);
    vi.stubEnv('TEMPORAL_NAMESPACE', 'nightly');
  });
  afterEach(() => vi.unstubAllEnvs());

  test('is named to whoever asks a session, with the ones that there are', async () => {
    await expect(openSessionClient()).rejects.toMatchObject(unknown);
  });

  test('ends a worker at once, instead of polling for nothing', async () => {
    const running = runWorker({
      settings: { address, namespace: 'nightly', connection: { address } },
      hostname: 'h20-1',
      gpus: null,
      lanes: 1,
      member: null,
      log: join(temporaryFolder(), 'sdk.log'),
      onReady: () => {},
      stop: AbortSignal.abort(),
    });
    await expect(running).rejects.toMatchObject(unknown);
  });
});

test('a server that lets nobody ask is believed: what follows will tell', async () => {
  const denied = Object.assign(new Error('7 PERMISSION_DENIED'), { code: 7 });
  const service: NamespaceService = {
    workflowService: {
      describeNamespace: () => Promise.reject(denied),
      listNamespaces: () => Promise.reject(denied),
    },
  };
  await expect(requireNamespace(service, { address, namespace: 'nightly' })).resolves.toBeUndefined();
});
