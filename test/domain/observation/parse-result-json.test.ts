import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { parseResultJson } from '../../../src/domain/observation/parse-result-json.ts';

test('reads the bare NaN and Infinity that Python writes as numbers', () => {
  const parsed = parseResultJson('{"a": NaN, "b": [Infinity, -Infinity], "c": 1.5}');

  expect(parsed).toEqual({ ok: true, value: { a: NaN, b: [Infinity, -Infinity], c: 1.5 } });
});

test('leaves the words NaN and Infinity alone inside strings', () => {
  const parsed = parseResultJson(String.raw`{"a": NaN, "note": "NaN \"Infinity\" \\", "b": -Infinity}`);

  expect(parsed).toEqual({
    ok: true,
    value: { a: NaN, note: String.raw`NaN "Infinity" ` + '\\', b: -Infinity },
  });
});

test('is not misled by a string that looks like its own mark', () => {
  const parsed = parseResultJson('{"a": "calib:NaN", "b": NaN}');

  expect(parsed).toEqual({ ok: true, value: { a: 'calib:NaN', b: NaN } });
});

test.each(['{"a": 1', '{"a": "x', '{"a": tru', '[1,', '{"a": NaN, "b"', '{"a": 1e'])(
  'says that %j breaks off',
  (text) => {
    const parsed = parseResultJson(text);

    expect(parsed).toEqual({
      ok: false,
      reason: `it breaks off after ${text.length} characters (truncated?)`,
    });
  },
);

test('tells a text that is not JSON from one that breaks off', () => {
  const parsed = parseResultJson('{"a" 1, "b": 2}');

  expect(parsed).toEqual({ ok: false, reason: 'it is not JSON at character 5' });
});

test.each(['', ' \n', '\uFEFF'])('says that %j is empty', (text) => {
  expect(parseResultJson(text)).toEqual({ ok: false, reason: 'the file is empty' });
});

test('ignores a byte order mark', () => {
  expect(parseResultJson('\uFEFF{"a": 1}')).toEqual({ ok: true, value: { a: 1 } });
});

test('agrees with JSON.parse on every JSON document', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(parseResultJson(text)).toEqual({ ok: true, value: JSON.parse(text) as unknown });
    }),
  );
});

test('reads any document that Python would write with non-finite numbers in it', () => {
  const word = fc.constantFrom('NaN', 'Infinity', '-Infinity');
  fc.assert(
    fc.property(
      fc.dictionary(
        fc.string().filter((key) => key !== '__proto__'),
        word,
      ),
      (words) => {
        const members = Object.entries(words).map(([key, value]) => `${JSON.stringify(key)}: ${value}`);
        const expected = Object.entries(words).map(([key, value]) => [key, Number(value)]);

        const parsed = parseResultJson(`{${members.join(', ')}}`);

        expect(parsed).toEqual({ ok: true, value: Object.fromEntries(expected) as unknown });
      },
    ),
  );
});

test('never throws, whatever the bytes', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(typeof parseResultJson(text).ok).toBe('boolean');
    }),
  );
});
