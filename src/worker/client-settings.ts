import { loadClientConnectConfig } from '@temporalio/envconfig';

import { CalibError } from '../domain/calib-error.ts';
import { messageOf } from '../domain/message-of.ts';

export interface ClientSettings {
  /** host:port */
  address: string;
  namespace: string;
  /** Everything else of the profile: TLS, API key, headers. */
  connection: ReturnType<typeof loadClientConnectConfig>['connectionOptions'];
}

/**
 * Temporal's own client settings (`TEMPORAL_*`, `temporal.toml`), with the local defaults; calib invents none.
 *
 * @throws CalibError when a profile cannot be read
 */
export function loadClientSettings(): ClientSettings {
  try {
    const { connectionOptions, namespace } = loadClientConnectConfig();
    return {
      address: connectionOptions.address ?? '127.0.0.1:7233',
      namespace: namespace ?? 'default',
      connection: connectionOptions,
    };
  } catch (cause) {
    throw new CalibError('invalid-input', `Temporal client configuration: ${messageOf(cause)}`, {
      remedy: 'correct the TEMPORAL_* variables or temporal.toml',
      cause,
    });
  }
}

/**
 * Client options that keep a connection to this machine off the proxy of the environment, which gRPC would otherwise use for
 * loopback as well; another host may be reachable only through it.
 */
export function withoutLoopbackProxy(address: string): { channelArgs?: Record<string, number> } {
  const isLoopback = /^(localhost|127(\.\d+){3}|\[?::1\]?):\d+$/.test(address);
  return isLoopback ? { channelArgs: { 'grpc.enable_http_proxy': 0 } } : {};
}

/** Settings of an embedded server: a given local address and nothing of the operator's profile. */
export function localClientSettings(address: string): ClientSettings {
  return { address, namespace: 'default', connection: { address } };
}
