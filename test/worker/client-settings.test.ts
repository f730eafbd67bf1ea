import { afterEach, expect, test, vi } from 'vitest';

import { loadClientSettings, withoutLoopbackProxy } from '../../src/worker/connection.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

test.each(['127.0.0.1:7233', 'localhost:7233', '[::1]:7233', '127.1.2.3:1'])(
  'a connection to %s goes past the proxy of the environment',
  (address) => {
    expect(withoutLoopbackProxy(address)).toEqual({ channelArgs: { 'grpc.enable_http_proxy': 0 } });
  },
);

test.each(['temporal.example.invalid:7233', '10.0.0.1:7233', 'localhost.example.invalid:7233'])(
  'a connection to %s may need that proxy',
  (address) => {
    expect(withoutLoopbackProxy(address)).toEqual({});
  },
);

test("a remote server's TLS, client certificate and API key come from Temporal's own settings", () => {
  vi.stubEnv('TEMPORAL_ADDRESS', 'temporal.example.invalid:7233');
  vi.stubEnv('TEMPORAL_NAMESPACE', 'calibration');
  vi.stubEnv('TEMPORAL_API_KEY', 'an-api-key');
  vi.stubEnv('TEMPORAL_TLS_SERVER_NAME', 'temporal.inside');
  vi.stubEnv('TEMPORAL_TLS_SERVER_CA_CERT_DATA', 'the CA');
  vi.stubEnv('TEMPORAL_TLS_CLIENT_CERT_DATA', 'the certificate');
  vi.stubEnv('TEMPORAL_TLS_CLIENT_KEY_DATA', 'the key');
  expect(loadClientSettings()).toMatchObject({
    address: 'temporal.example.invalid:7233',
    namespace: 'calibration',
    connection: {
      apiKey: 'an-api-key',
      tls: {
        serverNameOverride: 'temporal.inside',
        serverRootCACertificate: new TextEncoder().encode('the CA'),
        clientCertPair: {
          crt: new TextEncoder().encode('the certificate'),
          key: new TextEncoder().encode('the key'),
        },
      },
    },
  });
});
