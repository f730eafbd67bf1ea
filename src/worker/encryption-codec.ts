import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

import type { Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';

import { CalibError } from '../domain/calib-error.ts';
import type { PayloadKey } from './payload-keys.ts';

const { Payload: payloadType } = proto.temporal.api.common.v1;

const encodingName = 'binary/encrypted';
const keyIdName = 'encryption-key-id';
const algorithm = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;

/**
 * Leaves histories unreadable to the server: every payload is encrypted with AES-256-GCM under the first key, with a random
 * nonce. What was written in clear or under an older key stays readable.
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
