import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { readJsonPath } from '../../../src/domain/observation/extract-metrics.ts';

const DOCUMENT = {
  speed: { throughput_qps: 4.5, nan: NaN, infinite: Infinity, text: '4.5', yes: true, none: null, big: 19.9 },
  rows: [{ id: 1 }, { id: 2 }],
  counts: { total: 20, negative: -1, zero: 0 },
};

function problemOf(path: string, as: 'metric' | 'count' = 'metric', document: unknown = DOCUMENT): unknown {
  const reading = readJsonPath(document, path, as);
  return reading.ok ? reading.value : { kind: reading.problem.kind, text: reading.problem.text };
}

test('takes a finite number at a dotted path as it is', () => {
  expect(readJsonPath(DOCUMENT, 'speed.throughput_qps', 'metric')).toEqual({ ok: true, value: 4.5 });
});

test('names the parent and the nearest existing keys when a key is missing', () => {
  const reading = readJsonPath(DOCUMENT, 'speed.througput_qps', 'metric');

  expect(reading).toMatchObject({
    ok: false,
    problem: { kind: 'path_missing', text: 'speed has no key "througput_qps"' },
  });
  expect(reading.ok ? [] : reading.problem.nearest[0]).toBe('speed.throughput_qps');
});

test('names the keys of the document when the first segment is missing', () => {
  const reading = readJsonPath({ summary: 1, speed: 2 }, 'sumary.total', 'metric');

  expect(reading.ok ? [] : reading.problem.nearest).toEqual(['summary', 'speed']);
});

test.each([
  ['speed.nan', 'not_finite', 'the value is NaN, not a finite number'],
  ['speed.infinite', 'not_finite', 'the value is Infinity, not a finite number'],
  ['speed.text', 'wrong_type', 'the value is the string "4.5", not a number'],
  ['speed.yes', 'wrong_type', 'the value is the boolean true, not a number'],
  ['speed.none', 'wrong_type', 'the value is null, not a number'],
  ['speed', 'wrong_type', 'the value is an object, not a number'],
  ['rows', 'wrong_type', 'the value is a list, not a number'],
  ['rows.0.id', 'through_list', 'rows is a list, a path cannot lead through it'],
  ['speed.throughput_qps.x', 'wrong_type', 'speed.throughput_qps is the number 4.5, not an object'],
])('refuses %s as %s', (path, kind, text) => {
  expect(problemOf(path)).toEqual({ kind, text });
});

test.each([
  ['a list', [1, 2]],
  ['null', null],
  ['the string "x"', 'x'],
  ['the number 3', 3],
])('says when the document is %s instead of an object', (words, document) => {
  expect(problemOf('speed.qps', 'metric', document)).toEqual({
    kind: 'not_an_object',
    text: `the document is ${words}, not an object`,
  });
});

test('counts the entries of a list with __len__', () => {
  expect(problemOf('rows.__len__', 'count')).toBe(2);
});

test('counts the entries of a document that is itself a list', () => {
  expect(problemOf('__len__', 'count', [1, 2, 3])).toBe(3);
});

test('gives no length of anything but a list', () => {
  expect(problemOf('speed.__len__', 'count')).toEqual({
    kind: 'wrong_type',
    text: '__len__ needs a list, the value is an object',
  });
});

test('knows __len__ for counts only', () => {
  expect(problemOf('rows.__len__', 'metric')).toMatchObject({ kind: 'through_list' });
});

test('accepts zero as a count', () => {
  expect(problemOf('counts.zero', 'count')).toBe(0);
});

test.each([
  ['counts.negative', 'the value is -1, not a non-negative integer'],
  ['speed.big', 'the value is 19.9, not a non-negative integer'],
])('refuses %s as a count', (path, text) => {
  expect(problemOf(path, 'count')).toEqual({ kind: 'not_a_count', text });
});

test('does not find what objects inherit', () => {
  expect(problemOf('speed.constructor')).toMatchObject({ kind: 'path_missing' });
  expect(problemOf('__proto__.x')).toMatchObject({ kind: 'path_missing' });
});

test('gives a metric only for a finite number, in any document', () => {
  fc.assert(
    fc.property(fc.anything(), (value) => {
      const reading = readJsonPath({ at: value }, 'at', 'metric');

      expect(reading.ok).toBe(typeof value === 'number' && Number.isFinite(value));
    }),
  );
});

test('gives a count only for a non-negative integer, in any document', () => {
  fc.assert(
    fc.property(fc.oneof(fc.double(), fc.integer(), fc.string(), fc.boolean()), (value) => {
      const reading = readJsonPath({ at: value }, 'at', 'count');

      expect(reading.ok).toBe(Number.isSafeInteger(value) && (value as number) >= 0);
    }),
  );
});

test('finds every value at its own path, and leaves the document as it was', () => {
  const key = fc.string({ minLength: 1 }).filter((text) => !text.includes('.') && text !== '__proto__');
  const path = fc.array(key, { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(path, fc.double({ noNaN: true, noDefaultInfinity: true }), (segments, value) => {
      const document = segments.reduceRight<unknown>((inner, segment) => ({ [segment]: inner }), value);
      const before = JSON.stringify(document);

      expect(readJsonPath(document, segments.join('.'), 'metric')).toEqual({ ok: true, value });
      expect(JSON.stringify(document)).toBe(before);
    }),
  );
});
