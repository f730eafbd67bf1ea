import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { parsePythonNumber, pythonFloatText } from '../../src/domain/numbers/python-numbers.ts';
import { type LiteralReplacement, replaceLiterals } from '../../src/python/replace-literals.ts';
import { type PythonConstants, readWithPython } from './run-python.ts';
import { propertyRuns } from '../fixtures/property-runs.ts';

/** Text between the literals, and the literals with the target that each stands for. */
interface GeneratedModule {
  pieces: string[];
  slots: { target: LiteralReplacement['target']; oldText: string; newText: string }[];
}

const literal = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => pythonFloatText(value + 0)),
  fc.integer({ min: -1_000_000, max: 1_000_000 }).map(String),
  fc.constantFrom(
    '- 2',
    '+3',
    '1_000',
    '.5',
    '5.',
    '1e-3',
    '1E+05',
    '0x1F',
    '0b11',
    '-0.0',
    '1_0.0_1e1_0',
    '00',
  ),
);

const filler = fc.constantFrom(
  '',
  '# é 😀 _P1 = 3',
  '"""Doc = 1\n  still doc"""',
  'import math',
  'def f(a=0.5, *, b={"x": 1}):\n    A0 = 0.5\n    return A0  # ü',
  'class K:\n    A1 = 1.5',
  'LOWER = [1, 2.0]; other = "日本"',
  'print(f"{1 + 1:>{2}}")',
  'with_slack = lambda x: x * 0.9',
  '    \t',
);

const bareLine = (n: number) =>
  fc
    .record({
      head: fc.constantFrom('', ': float', ': "int | None"'),
      equals: fc.constantFrom(' = ', '=', '  =\t', ' = \\\n    '),
      around: fc.constantFrom(['', ''], ['(', ')'], ['(\n  # why\n  ', '  # until\n)']),
      tail: fc.constantFrom('', '  # trailing 1.5', ' ;', '; x = 1', '\t'),
      oldText: literal,
      newText: literal,
    })
    .map(({ head, equals, around, tail, oldText, newText }): GeneratedModule => ({
      pieces: [`A${n}${head}${equals}${around[0]}`, `${around[1]}${tail}`],
      slots: [{ target: { symbol: `A${n}`, subkey: null, concurrency: null }, oldText, newText }],
    }));

const nestedBlock = (n: number) =>
  fc
    .record({
      levels: fc.uniqueArray(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 3 }),
      break: fc.constantFrom('', '\n    ', ' '),
      quote: fc.constantFrom('"', "'"),
      texts: fc.array(fc.tuple(literal, literal), { minLength: 6, maxLength: 6 }),
    })
    .map(({ levels, break: gap, quote, texts }): GeneratedModule => {
      const pieces: string[] = [];
      const slots: GeneratedModule['slots'] = [];
      let text = `_P${n} = {`;
      for (const [index, level] of levels.entries()) {
        text += `${gap}${level}: {${quote}note${quote}: "1.0", ${gap}`;
        for (const [at, subkey] of ['x_mean', 'y_p95'].entries()) {
          const [oldText = '1', newText = '1'] = texts[index * 2 + at] ?? [];
          pieces.push(`${text}${quote}${subkey}${quote}: `);
          slots.push({ target: { symbol: `_P${n}`, subkey, concurrency: level }, oldText, newText });
          text = at === 0 ? `, ${gap === '' ? '' : `# first\n`}` : '';
        }
        text += `},`;
      }
      return { pieces: [...pieces, `${text}${gap}}`], slots };
    });

const lineOf = (n: number) =>
  fc.oneof(
    filler.map((text): GeneratedModule => ({ pieces: [text], slots: [] })),
    bareLine(n),
    nestedBlock(n),
  );

/** Lines joined, with one kind of line end and perhaps a byte-order mark. */
const module = fc
  .record({
    lines: fc.tuple(...Array.from({ length: 8 }, (_, n) => lineOf(n))),
    bom: fc.boolean(),
    crlf: fc.boolean(),
    final: fc.boolean(),
    chosen: fc.array(fc.boolean(), { minLength: 64, maxLength: 64 }),
  })
  .map(({ lines, bom, crlf, final, chosen }) => {
    const pieces = [bom ? '\uFEFF' : ''];
    const slots: GeneratedModule['slots'] = [];
    for (const [index, line] of lines.entries()) {
      const [first = '', ...rest] = line.pieces;
      const last = pieces.pop() ?? '';
      pieces.push(`${last}${index === 0 ? '' : '\n'}${first}`, ...rest);
      slots.push(...line.slots);
    }
    pieces.push(`${pieces.pop() ?? ''}${final ? '\n' : ''}`);
    const withEnds = crlf ? pieces.map((piece) => piece.replaceAll('\n', '\r\n')) : pieces;
    return { pieces: withEnds, slots, planned: slots.filter((_, index) => chosen[index] === true) };
  });

type Sample = typeof module extends fc.Arbitrary<infer T> ? T : never;

function bytesOf({ pieces, slots, planned }: Sample, side: 'before' | 'after'): Buffer {
  const texts = slots.map((slot) =>
    side === 'after' && planned.includes(slot) ? slot.newText : slot.oldText,
  );
  return Buffer.from(pieces.map((piece, index) => piece + (texts[index] ?? '')).join(''));
}

function edited(bytes: Uint8Array, replacements: readonly LiteralReplacement[]): Buffer {
  const result = replaceLiterals(bytes, 'x.py', replacements);
  if (result.kind === 'refused') {
    throw new Error(result.reason);
  }
  return Buffer.from(result.bytes);
}

describe('for any module and any plan', () => {
  test('only the planned tokens change, twice equals once, and the way back restores the bytes', () => {
    fc.assert(
      fc.property(module, (sample) => {
        const before = bytesOf(sample, 'before');
        const once = edited(before, sample.planned);
        expect(once.toString()).toBe(bytesOf(sample, 'after').toString());
        const again = sample.planned.map((slot) => ({ ...slot, oldText: slot.newText }));
        expect(edited(once, again).equals(once)).toBe(true);
        const back = sample.planned.map(({ target, oldText, newText }) => ({
          target,
          oldText: newText,
          newText: oldText,
        }));
        expect(edited(once, back).equals(before)).toBe(true);
      }),
      { numRuns: propertyRuns(150) },
    );
  });

  test("Python's own parser agrees on every value", () => {
    const samples = fc.sample(module, 150);
    const answers = readWithPython(
      samples.flatMap((sample) => [
        bytesOf(sample, 'before'),
        edited(bytesOf(sample, 'before'), sample.planned),
      ]),
    );
    for (const [index, sample] of samples.entries()) {
      const [old, fresh] = [answers[index * 2], answers[index * 2 + 1]];
      expect(old, bytesOf(sample, 'before').toString()).not.toBeNull();
      const expected = asNumbers(old);
      for (const { target, newText } of sample.planned) {
        const number = parsePythonNumber(newText);
        const name =
          target.subkey === null
            ? target.symbol
            : `${target.symbol}[${target.concurrency}]['${target.subkey}']`;
        expected[name] = [number?.isInteger === true ? 'int' : 'float', number?.value ?? Number.NaN];
      }
      expect(asNumbers(fresh)).toEqual(expected);
    }
  });
});

function asNumbers(constants: PythonConstants | null | undefined): Record<string, [string, number]> {
  return Object.fromEntries(
    Object.entries(constants ?? {}).map(([name, [type, repr]]) => [name, [type, Number(repr)]]),
  );
}
