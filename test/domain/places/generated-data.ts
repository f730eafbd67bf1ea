import * as fc from 'fast-check';

/** A number of a generated file: where it stands, as written before and after. */
export interface DataSlot {
  place: string;
  oldText: string;
  newText: string;
}

export interface GeneratedData {
  path: string;
  pieces: string[];
  slots: DataSlot[];
  planned: DataSlot[];
}

const jsonText = fc.oneof(
  fc.integer({ min: -1_000_000, max: 1_000_000 }).map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value + 0)),
  fc.constantFrom('0', '-0', '74.20', '1e-3', '1E+05', '0.10'),
);
/** What any reader of YAML takes for a number of this value. */
const yamlNew = fc.oneof(
  fc.integer({ min: -1_000_000, max: 1_000_000 }).map(String),
  fc.integer({ min: -99_999, max: 99_999 }).map((value) => `${value / 100}`.replace(/^(-?\d+)$/, '$1.0')),
  fc.constantFrom('74.20', '1.0e-05', '-0.5', '+3', '12.'),
);
const yamlOld = fc.oneof(yamlNew, fc.constantFrom('.5', '1e-3', '5.', '1e5'));

const key = fc.constantFrom('accuracy', 'acme/alder-8b', 'a b', 'é', 'wer.max', 'x[0]', "it's", '8', '');

function spelt(name: string): string {
  const bare = /^[^.[\]'"@\s](?:[^.[\]]*[^.[\]\s])?$/u.test(name);
  return bare ? name : `['${name.replaceAll("'", "\\'")}']`;
}

function joined(path: readonly (string | number)[]): string {
  return path.reduce<string>((text, part) => {
    const one = typeof part === 'number' ? `[${part}]` : spelt(part);
    return text === '' || one.startsWith('[') ? `${text}${one}` : `${text}.${one}`;
  }, '');
}

type Node = { number: [string, string] } | { text: string } | { map: [string, Node][] } | { list: Node[] };

const node = (number: fc.Arbitrary<[string, string]>): fc.Arbitrary<Node> =>
  fc.letrec<{ node: Node }>((tie) => ({
    node: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      number.map((pair): Node => ({ number: pair })),
      fc.constantFrom('FP8', 'true', 'null', '1.5.2').map((text): Node => ({ text })),
      fc
        .uniqueArray(fc.tuple(key, tie('node')), { minLength: 1, maxLength: 4, selector: ([name]) => name })
        .map((map): Node => ({ map })),
      fc.array(tie('node'), { minLength: 1, maxLength: 3 }).map((list): Node => ({ list })),
    ),
  })).node;

interface Writing {
  pieces: string[];
  slots: DataSlot[];
  base: string;
}

function put(writing: Writing, text: string): void {
  writing.pieces.push(`${writing.pieces.pop() ?? ''}${text}`);
}

function slot(
  writing: Writing,
  path: readonly (string | number)[],
  [oldText, newText]: [string, string],
): void {
  writing.slots.push({ place: `${writing.base}::${joined(path)}`, oldText, newText });
  writing.pieces.push('');
}

function writeJson(writing: Writing, value: Node, path: readonly (string | number)[], indent: string): void {
  if ('number' in value) {
    slot(writing, path, value.number);
  } else if ('text' in value) {
    put(writing, value.text === 'true' || value.text === 'null' ? value.text : JSON.stringify(value.text));
  } else {
    const isMap = 'map' in value;
    const items: [string | number, Node][] = isMap ? value.map : value.list.map((item, at) => [at, item]);
    put(writing, isMap ? '{' : '[');
    for (const [at, [name, item]] of items.entries()) {
      put(writing, `${at === 0 ? '' : ','}\n${indent}\t${isMap ? `${JSON.stringify(name)} : ` : ''}`);
      writeJson(writing, item, [...path, name], `${indent}\t`);
    }
    put(writing, `\n${indent}${isMap ? '}' : ']'}`);
  }
}

function writeYaml(writing: Writing, value: Node, path: readonly (string | number)[], indent: string): void {
  if ('number' in value) {
    slot(writing, path, value.number);
    put(writing, path.length % 2 === 0 ? '   # measured: 1.5\n' : '\n');
  } else if ('text' in value) {
    put(writing, `${value.text}\n`);
  } else {
    put(writing, '\n');
    const isMap = 'map' in value;
    const items: [string | number, Node][] = isMap ? value.map : value.list.map((item, at) => [at, item]);
    for (const [at, [name, item]] of items.entries()) {
      const isPlain = typeof name === 'string' && /^[a-zé/ -]+[a-z0-9]$/u.test(name);
      const quoted = isPlain ? name : `'${String(name).replaceAll("'", "''")}'`;
      put(writing, `${at === 1 ? `${indent}# note: 2.5\n` : ''}${indent}${isMap ? `${quoted}: ` : '- '}`);
      writeYaml(writing, item, [...path, name], `${indent}  `);
    }
  }
}

const wrapping = {
  bom: fc.boolean(),
  crlf: fc.boolean(),
  chosen: fc.array(fc.boolean(), { minLength: 64, maxLength: 64 }),
};

function wrap(
  writing: Writing,
  path: string,
  { bom, crlf, chosen }: { bom: boolean; crlf: boolean; chosen: boolean[] },
): GeneratedData {
  const pieces = writing.pieces.map((piece) => (crlf ? piece.replaceAll('\n', '\r\n') : piece));
  pieces[0] = `${bom ? '\uFEFF' : ''}${pieces[0] ?? ''}`;
  const planned = writing.slots.filter((_, at) => chosen[at] === true);
  return { path, pieces, slots: writing.slots, planned };
}

export const generatedJson = fc
  .record({ value: node(fc.tuple(jsonText, jsonText)), ...wrapping })
  .filter(({ value }) => 'map' in value || 'list' in value)
  .map(({ value, ...rest }) => {
    const writing: Writing = { pieces: [''], slots: [], base: 'refs.json' };
    writeJson(writing, value, [], '');
    put(writing, '\n');
    return wrap(writing, 'tests/refs.json', rest);
  });

export const generatedYaml = fc
  .record({ value: node(fc.tuple(yamlOld, yamlNew)), ...wrapping })
  .filter(({ value }) => 'map' in value || 'list' in value)
  .map(({ value, ...rest }) => {
    const writing: Writing = { pieces: ['# references\n---'], slots: [], base: 'refs.yaml' };
    writeYaml(writing, value, [], '');
    return wrap(writing, 'tests/refs.yaml', rest);
  });

/** The file's bytes with the old numbers, or with the planned ones replaced. */
export function dataBytes({ pieces, slots, planned }: GeneratedData, side: 'before' | 'after'): Buffer {
  const texts = slots.map((one) => (side === 'after' && planned.includes(one) ? one.newText : one.oldText));
  return Buffer.from(pieces.map((piece, index) => piece + (texts[index] ?? '')).join(''));
}
