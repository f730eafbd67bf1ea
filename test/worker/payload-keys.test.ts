import { chmodSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { readPayloadKeys } from '../../src/worker/encryption.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';

const base64 = Buffer.alloc(32, 7).toString('base64');
const other = Buffer.alloc(32, 9).toString('base64');

function keyFile(text: string, mode = 0o600): string {
  const file = join(temporaryFolder({ keys: text }), 'keys');
  chmodSync(file, mode);
  return file;
}

test('the first line is the key that encrypts, comments and empty lines do not count', () => {
  const file = keyFile(`# rotated in November\n\n2026-11 ${base64}\n2026-10 ${other} # old\n`);
  expect(readPayloadKeys(file).map(({ id, key }) => [id, key.toString('base64')])).toEqual([
    ['2026-11', base64],
    ['2026-10', other],
  ]);
});

test('a file that others can read is refused with the command that closes it', () => {
  const file = keyFile(`a ${base64}\n`, 0o640);
  expect(() => readPayloadKeys(file)).toThrow(`${file} can be read by others`);
});

test.each([
  ['no key', '# nothing\n', 'has no key'],
  ['a short key', `a ${Buffer.alloc(16).toString('base64')}\n`, ':1 is not an id'],
  ['no id', `${base64}\n`, ':1 is not an id'],
  ['base64 with junk', `a ${base64.slice(0, -2)}!=\n`, ':1 is not an id'],
  ['something after the key', `ok ${other}\na ${base64} b\n`, ':2 is not an id'],
  ['one id twice', `a ${base64}\na ${other}\n`, 'two keys with the id a'],
])('a file with %s is refused', (_, text, message) => {
  expect(() => readPayloadKeys(keyFile(text))).toThrow(message);
});

test('no part of a key stands in a message', () => {
  const secret = base64.slice(0, 20);
  expect(() => readPayloadKeys(keyFile(`a ${secret}\n`))).not.toThrow(secret);
});

test('a missing file is named together with the variable', () => {
  expect(() => readPayloadKeys('/nowhere/keys')).toThrow('CALIB_PAYLOAD_KEYS: /nowhere/keys');
});
