import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { EvidenceCounter } from '../../../src/host/run-directory/logs/log-evidence.ts';

function count(pieces: Buffer[], ...expressions: RegExp[]): number[] {
  const counter = new EvidenceCounter(expressions);
  for (const piece of pieces) counter.push(piece);
  return counter.end();
}

test('counts lines, not matches, for each expression', () => {
  expect(count([Buffer.from('graph graph\nother\ngraph\n')], /graph/, /other/, /none/)).toEqual([2, 1, 0]);
});

test('a carriage return ends a line, as progress bars write it', () => {
  expect(count([Buffer.from('graph 1\rgraph 2\r\ngraph 3')], /graph \d$/)).toEqual([3]);
});

test('how the bytes are cut changes nothing', () => {
  const text = Buffer.from('naïve graph ✓\n✓✓ other\rgraph ✓');
  const whole = count([text], /graph ✓$/, /^✓✓/);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: text.length })), (cuts) => {
      const ends = [...cuts, text.length].toSorted((a, b) => a - b);
      const pieces = ends.map((end, index) => text.subarray(ends[index - 1] ?? 0, end));
      expect(count(pieces, /graph ✓$/, /^✓✓/)).toEqual(whole);
    }),
  );
});

test('a line that never ends counts once and is not kept', () => {
  const pieces = Array.from({ length: 50 }, () => Buffer.from('graph '.repeat(10_000)));
  expect(count([...pieces, Buffer.from('\ngraph\n')], /graph/)).toEqual([2]);
});
