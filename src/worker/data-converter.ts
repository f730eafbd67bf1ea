import { fileURLToPath } from 'node:url';

import type { DataConverter } from '@temporalio/common';

import { EncryptionCodec, PlainCodec } from './encryption-codec.ts';
import { readPayloadKeys } from './payload-keys.ts';

/** Environment variable that names the key file; without it histories are written in clear. */
const payloadKeysVariable = 'CALIB_PAYLOAD_KEYS';

/** Module that workers and workflow bundles load for encrypted sessions. */
export const failureConverterPath = fileURLToPath(
  new URL(`./encoded-failures.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url),
);

/**
 * How clients and workers write payloads: encrypted where a key file is named. All of them need the same file.
 *
 * @throws CalibError when the key file is unusable
 */
export function loadDataConverter(env: NodeJS.ProcessEnv): DataConverter {
  const file = env[payloadKeysVariable];
  if (!file) return { payloadCodecs: [new PlainCodec()] };
  return { payloadCodecs: [new EncryptionCodec(readPayloadKeys(file))], failureConverterPath };
}
