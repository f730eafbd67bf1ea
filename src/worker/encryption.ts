import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import type { DataConverter, Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';

import { CalibError } from '../domain/calib-error.ts';
import { messageOf } from '../domain/text.ts';

export interface PayloadKey {
  /** Stands in clear beside each payload that it encrypts. */
  id: string;
  /** 32 bytes. */
  key: Buffer;
}

const keyBytes = 32;

/**
 * Reads a key file: a line per key, `<id> <base64 of 32 bytes>`; `#` starts a comment. The first key encrypts, all of
 * them decrypt: to rotate, put a new line on top.
 *
 * @throws CalibError naming file and line; never with any part of a key
 */
export function readPayloadKeys(file: string): [PayloadKey, ...PayloadKey[]] {
  const lines = readOwnFile(file)
    .split('\n')
    .map((text, index) => ({ text: text.replace(/#.*$/, '').trim(), number: index + 1 }));
  const [first, ...rest] = lines
    .filter(({ text }) => text !== '')
    .map(({ text, number }) => parseKey(text, `${file}:${number}`));
  if (first === undefined) throw invalid(file, 'has no key');
  const twice = [first, ...rest].find(
    ({ id }, index, all) => all.findIndex((key) => key.id === id) !== index,
  );
  if (twice !== undefined) throw invalid(file, `has two keys with the id ${twice.id}`);
  return [first, ...rest];
}

function readOwnFile(file: string): string {
  try {
    const { mode } = statSync(file);
    if ((mode & 0o077) !== 0) {
      throw new CalibError('invalid-input', `${file} can be read by others`, { remedy: `chmod 600 ${file}` });
    }
    return readFileSync(file, 'utf8');
  } catch (cause) {
    if (cause instanceof CalibError) throw cause;
    throw new CalibError('invalid-input', `CALIB_PAYLOAD_KEYS: ${file} cannot be read: ${messageOf(cause)}`, {
      remedy: 'name a key file, or unset CALIB_PAYLOAD_KEYS',
      cause,
    });
  }
}

function parseKey(text: string, place: string): PayloadKey {
  const [id = '', encoded = '', ...more] = text.split(/\s+/);
  const key = Buffer.from(encoded, 'base64');
  const isKey = /^[A-Za-z0-9+/]{43}=$/.test(encoded) && key.length === keyBytes;
  if (!isKey || more.length > 0 || !/^[\w.-]{1,64}$/.test(id)) {
    throw invalid(place, 'is not an id (letters, digits, . _ -) followed by 32 bytes in base64');
  }
  return { id, key };
}

function invalid(place: string, what: string): CalibError {
  return new CalibError('invalid-input', `${place} ${what}`, {
    remedy: 'a line is made by: echo "$(date +%Y-%m) $(openssl rand -base64 32)"',
  });
}

const { Payload: payloadType } = proto.temporal.api.common.v1;

const encodingName = 'binary/encrypted';
const keyIdName = 'encryption-key-id';
const algorithm = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;

/**
 * Leaves histories unreadable to the server: every payload is encrypted with AES-256-GCM under the first key, with a
 * random nonce. What was written in clear or under an older key stays readable.
 */
export class EncryptionCodec implements PayloadCodec {
  readonly #current: PayloadKey;
  readonly #keys: ReadonlyMap<string, Buffer>;

  constructor(keys: readonly [PayloadKey, ...PayloadKey[]]) {
    [this.#current] = keys;
    this.#keys = new Map(keys.map(({ id, key }) => [id, key]));
  }

  async encode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => this.#encrypt(payload));
  }

  /** @throws CalibError when the key of a payload is missing or the payload was tampered with */
  async decode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => (isEncrypted(payload) ? this.#decrypt(payload) : payload));
  }

  #encrypt(payload: Payload): Payload {
    const { id, key } = this.#current;
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv(algorithm, key, nonce);
    // The key's name is authenticated with the text: nobody can point a payload at another key.
    cipher.setAAD(Buffer.from(id));
    const text = Buffer.concat([cipher.update(payloadType.encode(payload).finish()), cipher.final()]);
    return {
      metadata: { encoding: Buffer.from(encodingName), [keyIdName]: Buffer.from(id) },
      data: Buffer.concat([nonce, cipher.getAuthTag(), text]),
    };
  }

  #decrypt(payload: Payload): Payload {
    const id = Buffer.from(payload.metadata?.[keyIdName] ?? []).toString();
    const key = this.#keys.get(id);
    if (key === undefined) {
      throw new CalibError('invalid-input', `the key file has no key ${JSON.stringify(id)}`, {
        remedy:
          'add that line again below the current key: CALIB_PAYLOAD_KEYS keeps old keys for old histories',
      });
    }
    const data = Buffer.from(payload.data ?? []);
    try {
      const decipher = createDecipheriv(algorithm, key, data.subarray(0, nonceBytes), {
        authTagLength: tagBytes,
      });
      decipher.setAAD(Buffer.from(id));
      decipher.setAuthTag(data.subarray(nonceBytes, nonceBytes + tagBytes));
      const text = Buffer.concat([decipher.update(data.subarray(nonceBytes + tagBytes)), decipher.final()]);
      return payloadType.decode(text);
    } catch (cause) {
      throw new CalibError('invalid-input', `a payload under key ${JSON.stringify(id)} cannot be decrypted`, {
        remedy: 'the key file names another key by this id, or the history was changed',
        cause,
      });
    }
  }
}

/** Without a key file: everything in clear, and what is encrypted is refused with the reason. */
export class PlainCodec implements PayloadCodec {
  async encode(payloads: Payload[]): Promise<Payload[]> {
    return payloads;
  }

  /** @throws CalibError when a payload is encrypted */
  async decode(payloads: Payload[]): Promise<Payload[]> {
    if (!payloads.some(isEncrypted)) return payloads;
    throw new CalibError('invalid-input', 'the session is encrypted and no key file is named', {
      remedy: 'set CALIB_PAYLOAD_KEYS to the key file of its worker',
    });
  }
}

function isEncrypted({ metadata }: Payload): boolean {
  return Buffer.from(metadata?.['encoding'] ?? []).toString() === encodingName;
}

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
