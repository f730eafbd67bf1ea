import { expect, test } from 'vitest';

import { withoutLoopbackProxy } from '../../src/worker/client-settings.ts';

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
