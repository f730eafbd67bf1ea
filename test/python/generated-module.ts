import * as fc from 'fast-check';

import { pythonFloatText } from '../../src/domain/numbers/python-numbers.ts';

/** A literal of a generated module: where it stands, how it is written, and what is written in its stead. */
export interface Slot {
  /** As places are spelt. */
  place: string;
  oldText: string;
  newText: string;
}

/** Text between the literals: one piece more than there are slots. */
export interface Generated {
  pieces: string[];
  slots: Slot[];
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

/** What `float("…")` reads as well. */
const textual = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => pythonFloatText(value + 0)),
  fc.constantFrom('0.68', '3', '1e-3', '.5', '5.', '1_000', '-2'),
);

const filler = fc.constantFrom(
  '',
  '# é 😀 _P1 = 3',
  '"""Doc = 1\n  still doc"""',
  'import math',
  'def f(a=0.5, *, b={"x": 1}):\n    A0 = 0.5\n    return A0  # ü',
  'LOWER = "日本"; other = None or 1',
  'print(f"{1 + 1:>{2}}")',
  'with_slack = lambda x: x * 0.9',
  '    \t',
);

interface Draft {
  place: string;
  values: [string, string];
}

/** Joins texts and drafts in turn: `['A = ', draft, '\n']`. */
function build(parts: readonly (string | Draft)[]): Generated {
  const made: Generated = { pieces: [''], slots: [] };
  for (const part of parts) {
    if (typeof part === 'string') {
      made.pieces.push(`${made.pieces.pop() ?? ''}${part}`);
    } else {
      made.slots.push({ place: part.place, oldText: part.values[0], newText: part.values[1] });
      made.pieces.push('');
    }
  }
  return made;
}

const pair = fc.tuple(literal, literal);

const bareLine = (n: number) =>
  fc
    .record({
      head: fc.constantFrom('', ': float', ': "int | None"', ': Final[float]'),
      equals: fc.constantFrom(' = ', '=', '  =\t', ' = \\\n    '),
      around: fc.constantFrom(['', ''], ['(', ')'], ['(\n  # why\n  ', '  # until\n)']),
      tail: fc.constantFrom('', '  # trailing 1.5', ' ;', '; x = 1', '\t'),
      name: fc.constantFrom('A', 'lower_'),
      values: pair,
    })
    .map(({ head, equals, around: [open = '', close = ''], tail, name, values }) =>
      build([`${name}${n}${head}${equals}${open}`, { place: `${name}${n}`, values }, `${close}${tail}`]),
    );

const keys = ["'H200'", '8', "('H100', 8)", '1.5', 'Device.H200', "'it\\'s'", "'é'"] as const;

/** Tables and lists in each other, three levels deep, in any of their spellings. */
const table = (n: number) =>
  fc
    .record({
      outer: fc.uniqueArray(fc.constantFrom(...keys), { minLength: 1, maxLength: 3 }),
      gap: fc.constantFrom('', '\n    ', ' ', '\n  # {8: 1}\n  '),
      style: fc.constantFrom('display', 'dict', 'list', 'tuple'),
      values: fc.array(pair, { minLength: 6, maxLength: 6 }),
    })
    .map(({ outer, gap, style, values }) => {
      const parts: (string | Draft)[] = [`T${n} = {`];
      for (const [at, key] of outer.entries()) {
        const [first = ['1', '2'], second = ['1', '2']] = values.slice(at * 2);
        const base = `T${n}[${key}]`;
        const inner = {
          display: ["{'note': \"1.0\", 'x': ", `${base}['x']`, ", 'y': [", `${base}['y'][0]`, ']}'],
          dict: ['dict(x=', `${base}['x']`, ", y={'a': ", `${base}['y']['a']`, '})'],
          list: ['[None, ', `${base}[1]`, ', (', `${base}[2][0]`, ',)]'],
          tuple: ['((', `${base}[0]`, '), -x, ', `${base}[2]`, ')'],
        }[style];
        const [open = '', one = '', between = '', two = '', close = ''] = inner;
        parts.push(`${gap}${key}: ${open}`, { place: one, values: first });
        parts.push(between, { place: two, values: second }, `${close},`);
      }
      return build([...parts, `${gap}}`]);
    });

const environment = (n: number) =>
  fc
    .record({
      form: fc.constantFrom(
        ['float(os.environ.get("N", "', '"))'],
        ["float(os.getenv('N', '", "'))"],
        ['os.environ.get("N", default="', '")'],
        ['float(\n    os.getenv("N", "', '")\n)  # "1"'],
      ),
      values: fc.tuple(textual, textual),
    })
    .map(({ form: [open = '', close = ''], values }) =>
      build([`E${n} = ${open}`, { place: `E${n}`, values }, close]),
    );

const classes = (n: number) =>
  fc
    .record({ values: fc.array(pair, { minLength: 6, maxLength: 6 }), frozen: fc.boolean() })
    .map(({ values, frozen }) => {
      const at = (index: number): [string, string] => values[index] ?? ['1', '2'];
      return build([
        `@dataclass${frozen ? '(frozen=True)' : ''}\nclass Gate${n}:\n    """Doc: 0.5"""\n    name: str\n    low: float = `,
        { place: `Gate${n}.low`, values: at(0) },
        '  # low\n    high: float = field(default=',
        { place: `Gate${n}.high`, values: at(1) },
        `)\n    class Inner:\n        LIMIT = `,
        { place: `Gate${n}.Inner.LIMIT`, values: at(2) },
        `\n\n    def check(self, x=0.5):\n        low = 1.5\n        return low\n\nGATE${n} = Gate${n}("a", high=`,
        { place: `GATE${n}.high`, values: at(3) },
        `)\nGATES${n} = [Gate${n}("a", `,
        { place: `GATES${n}[0].low`, values: at(4) },
        `), Gate${n}(name="b", low=`,
        { place: `GATES${n}[1].low`, values: at(5) },
        ')]',
      ]);
    });

const rows = (n: number) =>
  fc
    .record({
      ids: fc.constantFrom(['one', 'two'], ['8-hifi4-b8', 'a b'], null),
      params: fc.boolean(),
      values: fc.array(pair, { minLength: 3, maxLength: 3 }),
    })
    .map(({ ids, params, values }) => {
      const row = (at: number) => ids?.[at] ?? ['alder', 'birch'][at] ?? '';
      const open = (at: number, name: string) => (params ? `pytest.param("${name}", ` : `("${name}", `);
      const close = (at: number) => (params && ids !== null ? `, id="${row(at)}")` : ')');
      const list = !params && ids !== null ? `, ids=${JSON.stringify(ids)}` : '';
      const at = (index: number): [string, string] => values[index] ?? ['1', '2'];
      return build([
        `@pytest.mark.parametrize("model, limit", [\n    ${open(0, 'alder')}`,
        { place: `test_r${n}[${row(0)}]::limit`, values: at(0) },
        `${close(0)},  # 1.5\n    ${open(1, 'birch')}`,
        { place: `test_r${n}[${row(1)}]::limit`, values: at(1) },
        `${close(1)},\n]${list})\ndef test_r${n}(model, limit):\n    run(0.5, limit, threshold=`,
        { place: `test_r${n}::run(threshold)`, values: at(2) },
        ')',
      ]);
    });

const calls = (n: number) =>
  fc.array(pair, { minLength: 3, maxLength: 3 }).map((values) => {
    const at = (index: number): [string, string] => values[index] ?? ['1', '2'];
    return build([
      `class TestC${n}:\n    async def test_c(self):\n        with x as y:\n            await self.run(\n                limits={"wer": `,
      { place: `TestC${n}::test_c::self.run(limits)['wer']`, values: at(0) },
      '},\n            )\n        check(a, min_acc=',
      { place: `TestC${n}::test_c::check(min_acc)`, values: at(1) },
      ')\n        check(b, min_acc = ',
      { place: `TestC${n}::test_c::check[2](min_acc)`, values: at(2) },
      ')',
    ]);
  });

const conditional = (n: number) =>
  fc
    .record({
      values: fc.array(pair, { minLength: 4, maxLength: 4 }),
      indent: fc.constantFrom('    ', '\t', ' '),
    })
    .map(({ values, indent }) => {
      const at = (index: number): [string, string] => values[index] ?? ['1', '2'];
      return build([
        `if DEVICE == "H200":\n${indent}C${n} = `,
        { place: `C${n}@if`, values: at(0) },
        `\nelif x:\n${indent}C${n} = `,
        { place: `C${n}@elif`, values: at(1) },
        `\nelse:\n${indent}C${n} = `,
        { place: `C${n}@else@if`, values: at(2) },
        ' if y else ',
        { place: `C${n}@else@else`, values: at(3) },
      ]);
    });

const lineOf = (n: number) =>
  fc.oneof(
    filler.map((text) => build([text])),
    bareLine(n),
    table(n),
    environment(n),
    classes(n),
    rows(n),
    calls(n),
    conditional(n),
  );

/** A module of some statements, joined by one kind of line end, perhaps with a byte-order mark; some slots are planned. */
export const generatedModule = fc
  .record({
    lines: fc.tuple(...Array.from({ length: 6 }, (_, n) => lineOf(n))),
    bom: fc.boolean(),
    crlf: fc.boolean(),
    final: fc.boolean(),
    chosen: fc.array(fc.boolean(), { minLength: 64, maxLength: 64 }),
  })
  .map(({ lines, bom, crlf, final, chosen }) => {
    const pieces = [bom ? '\uFEFF' : ''];
    const slots: Slot[] = [];
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

export type GeneratedModule = typeof generatedModule extends fc.Arbitrary<infer T> ? T : never;

/** The module's bytes with the old literals, or with the planned ones replaced. */
export function moduleBytes({ pieces, slots, planned }: GeneratedModule, side: 'before' | 'after'): Buffer {
  const texts = slots.map((slot) =>
    side === 'after' && planned.includes(slot) ? slot.newText : slot.oldText,
  );
  return Buffer.from(pieces.map((piece, index) => piece + (texts[index] ?? '')).join(''));
}
