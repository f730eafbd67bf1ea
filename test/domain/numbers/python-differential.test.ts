import { execFileSync } from 'node:child_process';

import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { formatFixed, pythonFloatText, roundHalfEven } from '../../../src/domain/numbers/python-numbers.ts';

/** Python is the reference: round, fixed format and repr of every sample, in one process. */
const program = `
import json, struct, sys
answers = []
for bits, digits in json.load(sys.stdin):
    x = struct.unpack('>d', bytes.fromhex(bits))[0]
    answers.append([struct.pack('>d', round(x, digits)).hex(), format(x, f'.{digits}f'), repr(x)])
json.dump(answers, sys.stdout)
`;

function bitsOf(value: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes.toString('hex');
}

/** Exact ties, measurements of usual size, and doubles of every magnitude. */
const samples: [number, number][] = [
  ...fc.sample(fc.tuple(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.nat(6)), {
    numRuns: 2000,
    seed: 7,
  }),
  ...fc.sample(fc.tuple(fc.double({ min: -100, max: 100, noNaN: true }), fc.nat(6)), {
    numRuns: 2000,
    seed: 8,
  }),
  ...Array.from({ length: 400 }, (_, k): [number, number] => [k / 16, k % 4]),
  ...Array.from({ length: 40 }, (_, k): [number, number] => [10 ** (k - 20), k % 5]),
  [0.125, 2],
  [2.5, 0],
  [-0, 1],
  [-0.001, 2],
  [1e16, 1],
  [2 ** 53 + 2, 0],
  [5e-324, 6],
  [1.7976931348623157e308, 3],
];

const answers = JSON.parse(
  execFileSync('python3', ['-c', program], {
    input: JSON.stringify(samples.map(([value, digits]) => [bitsOf(value), digits])),
    maxBuffer: 64 * 1024 * 1024,
    encoding: 'utf8',
  }),
) as [string, string, string][];

test('rounding gives the same bits as Python’s round', () => {
  const ours = samples.map(([value, digits]) => bitsOf(roundHalfEven(value, digits)));
  expect(ours).toEqual(answers.map(([rounded]) => rounded));
});

test('fixed decimals read as Python’s format', () => {
  const ours = samples.map(([value, digits]) => formatFixed(value, digits));
  expect(ours).toEqual(answers.map(([, text]) => text));
});

test('a float reads as Python’s repr', () => {
  expect(samples.map(([value]) => pythonFloatText(value))).toEqual(answers.map(([, , text]) => text));
});
