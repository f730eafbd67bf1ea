import { readFileSync, statSync } from 'node:fs';

import { CalibError } from '../domain/calib-error.ts';
import { messageOf } from '../domain/message-of.ts';

export interface PayloadKey {
  /** Stands in clear beside each payload that it encrypts. */
  id: string;
  /** 32 bytes. */
  key: Buffer;
}

const keyBytes = 32;

/**
 * Reads a key file: a line per key, `<id> <base64 of 32 bytes>`; `#` starts a comment. The first key encrypts, all of them
 * decrypt: to rotate, put a new line on top.
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
