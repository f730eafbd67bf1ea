import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { nestedMetricKeys } from '../../../src/domain/metrics/metric-names.ts';
import { locateLiteral } from '../../../src/python/locate-literal.ts';
import { literalTarget } from '../../python/literal-target.ts';
import { discoverText } from './discover-texts.ts';
import { propertyRuns } from '../../fixtures/property-runs.ts';

/** A number in one of Python's spellings. */
const literal = fc.constantFrom(
  '0.5',
  '.5',
  '5.',
  '1_000',
  '1e-3',
  '-0.5',
  '+3',
  '0x1F',
  '0',
  '- 2',
  '1_0.5E+1',
);
const suffixes = ['MIN_ACCURACY', 'WER_MAX_CORPUS', 'RTF_P95_MAX', 'UTMOS_REFERENCE', 'MAX_FAILED_REQUESTS'];

interface Threshold {
  symbol: string;
  subkey: string | null;
  text: string;
}

interface Piece {
  code: string;
  thresholds: Threshold[];
}

/** One constant of an own prefix, so that names never clash; `index` makes it. */
const bareShape = fc.record({
  suffix: fc.constantFrom(...suffixes),
  text: literal,
  annotation: fc.constantFrom('', ': float', ': "Final[float]"'),
  around: fc.constantFrom(['', ''], ['(', ')'], ['(\n    ', '  # why\n)']),
  comment: fc.constantFrom('', '  # 数 = 9', ' ; OTHER = "x"'),
});

const nestedShape = fc.record({
  keys: fc.uniqueArray(fc.constantFrom(...nestedMetricKeys, 'warmup_s'), { minLength: 1, maxLength: 4 }),
  text: literal,
  outer: fc.constantFrom('8', 'LANES'),
  quote: fc.constantFrom('"', "'"),
  multiline: fc.boolean(),
});

function bare(shape: typeof bareShape extends fc.Arbitrary<infer T> ? T : never, index: number): Piece {
  const symbol = `T${index}_${shape.suffix}`;
  const [open = '', close = ''] = shape.around;
  const code = `${symbol}${shape.annotation} = ${open}${shape.text}${close}${shape.comment}`;
  return { code, thresholds: [{ symbol, subkey: null, text: shape.text }] };
}

function nested(shape: typeof nestedShape extends fc.Arbitrary<infer T> ? T : never, index: number): Piece {
  const symbol = `_T${index}_P95`;
  const [open, separator, close] = shape.multiline ? ['\n\t\t', ',\n\t\t', ',\n\t'] : [' ', ', ', ' '];
  const pairs = shape.keys.map((key) => `${shape.quote}${key}${shape.quote}: ${shape.text}`);
  const code = `${symbol} = {${shape.outer}: {${open}${pairs.join(separator)}${close}}}`;
  const metrics = shape.keys.filter((key) => key !== 'warmup_s');
  return { code, thresholds: metrics.map((subkey) => ({ symbol, subkey, text: shape.text })) };
}

const noise = fc.constantFrom(
  '# a comment',
  'import os',
  "TEXT = f'{1!r:>{9}} {os=}'",
  'class C:\n\tX_MIN_ACCURACY = 1',
  'def f(x=3):\n\treturn (y := x)',
  '@f\nasync def g(): ...',
  'match TEXT:\n\tcase "é": pass',
  "DOC = '''\nQ_MIN_ACCURACY = 9\n'''",
  'if os.name:\n\tlocal = 3',
);

const module = fc
  .tuple(
    fc.array(
      fc.oneof(
        bareShape.map((bareOne) => ({ bareOne })),
        nestedShape.map((nestedOne) => ({ nestedOne })),
      ),
      {
        maxLength: 5,
      },
    ),
    fc.array(noise, { minLength: 6, maxLength: 6 }),
    fc.boolean(),
    fc.constantFrom('\n', '\r\n'),
  )
  .map(([shapes, between, bom, end]) => {
    const pieces = shapes.map((shape, index) =>
      'bareOne' in shape ? bare(shape.bareOne, index) : nested(shape.nestedOne, index),
    );
    const lines = [
      'import os',
      'LANES = 8',
      ...pieces.flatMap((piece, at) => [between[at] ?? '', piece.code]),
    ];
    return {
      source: `${bom ? '\uFEFF' : ''}${lines.join('\n')}\n`.replaceAll('\n', end),
      thresholds: pieces.flatMap((piece) => piece.thresholds),
    };
  });

describe('generated modules', () => {
  test('give exactly their thresholds, in source order, each with the place of its literal', () => {
    fc.assert(
      fc.property(module, ({ source, thresholds }) => {
        const discovery = discoverText(source);
        const bytes = Buffer.from(source);
        const found = new Map(
          discovery.literals.map(({ source: spelling, positions }) => [
            spelling,
            positions.map(({ text }) => text),
          ]),
        );
        expect(found).toEqual(
          new Map(
            thresholds.map(({ symbol, subkey, text }) => [
              subkey === null ? symbol : `${symbol}['${subkey}']`,
              [text],
            ]),
          ),
        );
        for (const { symbol, subkey, text } of thresholds) {
          const place = locateLiteral(
            source,
            literalTarget({ symbol, subkey, concurrency: subkey === null ? null : 8 }),
          );
          expect(place.kind === 'found' && bytes.subarray(place.startByte, place.endByte).toString()).toBe(
            text,
          );
        }
      }),
    );
  });

  test('give the same stages every time', () => {
    fc.assert(
      fc.property(module, ({ source }) => {
        expect(discoverText(source).stages).toEqual(discoverText(source).stages);
      }),
      { numRuns: propertyRuns(20) },
    );
  });
});
