import { randomBytes } from 'node:crypto';

import { type Payload, defaultPayloadConverter } from '@temporalio/common';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { EncryptionCodec, PlainCodec } from '../../src/worker/encryption.ts';

const older = { id: '2026-10', key: randomBytes(32) };
const current = { id: '2026-11', key: randomBytes(32) };

function payloadOf(value: unknown) {
  return defaultPayloadConverter.toPayload(value);
}

function valueOf(payload: Payload | undefined): unknown {
  return payload === undefined ? undefined : defaultPayloadConverter.fromPayload(payload);
}

test('a payload comes back as it was', async () => {
  const codec = new EncryptionCodec([current]);
  await fc.assert(
    fc.asyncProperty(fc.json(), async (json) => {
      const [decoded] = await codec.decode(await codec.encode([payloadOf(json)]));
      expect(valueOf(decoded)).toBe(json);
    }),
  );
});

test('nothing of a payload, its encoding included, can be read in what the server gets', async () => {
  const [encrypted] = await new EncryptionCodec([current]).encode([payloadOf({ path: '/srv/secret' })]);
  const sent = Buffer.concat([
    ...Object.values(encrypted?.metadata ?? {}),
    Buffer.from(encrypted?.data ?? []),
  ]);
  expect(sent.includes('secret')).toBe(false);
  expect(sent.includes('json/plain')).toBe(false);
});

test('the same payload never looks the same twice', async () => {
  const codec = new EncryptionCodec([current]);
  const [one, other] = await codec.encode([payloadOf('same'), payloadOf('same')]);
  expect(Buffer.from(one?.data ?? []).equals(Buffer.from(other?.data ?? []))).toBe(false);
});

test('after a rotation old histories are still read, and new payloads use the new key', async () => {
  const written = await new EncryptionCodec([older]).encode([payloadOf('before')]);
  const rotated = new EncryptionCodec([current, older]);
  const [decoded] = await rotated.decode(written);
  expect(valueOf(decoded)).toBe('before');
  const [fresh] = await rotated.encode([payloadOf('after')]);
  await expect(new EncryptionCodec([older]).decode([fresh ?? {}])).rejects.toThrow('has no key "2026-11"');
});

test('what was written in clear before encryption was switched on is still read', async () => {
  const clear = payloadOf('clear');
  expect(await new EncryptionCodec([current]).decode([clear])).toEqual([clear]);
});

test.each([
  ['its text', 40],
  ['its authentication tag', 15],
  ['its nonce', 3],
])('a payload with a changed bit in %s is refused', async (_, position) => {
  const codec = new EncryptionCodec([current]);
  const [encrypted] = await codec.encode([payloadOf('a text that is long enough')]);
  const data = Buffer.from(encrypted?.data ?? []);
  data[position] = (data[position] ?? 0) ^ 1;
  await expect(codec.decode([{ ...encrypted, data }])).rejects.toThrow('cannot be decrypted');
});

test('a payload that names another key than the one it was written with is refused', async () => {
  const [encrypted] = await new EncryptionCodec([older]).encode([payloadOf('x')]);
  const renamed = {
    ...encrypted,
    metadata: { ...encrypted?.metadata, 'encryption-key-id': Buffer.from(current.id) },
  };
  const sameBytes = new EncryptionCodec([{ id: current.id, key: older.key }]);
  await expect(sameBytes.decode([renamed])).rejects.toThrow('cannot be decrypted');
});

test('without a key file clear payloads pass, and encrypted ones are refused with the variable to set', async () => {
  const plain = new PlainCodec();
  const clear = payloadOf('clear');
  expect(await plain.decode(await plain.encode([clear]))).toEqual([clear]);
  await expect(plain.decode(await new EncryptionCodec([current]).encode([clear]))).rejects.toMatchObject({
    message: 'the session is encrypted and no key file is named',
    remedy: expect.stringContaining('CALIB_PAYLOAD_KEYS'),
  });
});
