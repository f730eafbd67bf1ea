import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import { findInData, listInData, readDataFile, replaceInData } from '../../../src/domain/places/data-file.ts';
import { DataFileProblem, describeProblem } from '../../../src/domain/places/data-problem.ts';
import { numberTextFor } from '../../../src/domain/places/number-text.ts';
import { parsePlace } from '../../../src/domain/places/parse-place.ts';
import {
  dataBytes,
  generatedJson,
  generatedYaml,
  type DataSlot,
  type GeneratedData,
} from './generated-data.ts';

function placeOf(text: string) {
  const place = parsePlace(text);
  if (place === null) {
    throw new Error(`${text} is no place`);
  }
  return place;
}

function edited(bytes: Uint8Array, path: string, slots: readonly DataSlot[]): Buffer {
  const replacements = slots.map(({ place, oldText, newText }) => ({
    place: placeOf(place),
    oldText,
    newText,
  }));
  const result = replaceInData(bytes, path, replacements);
  if (result.kind === 'refused') {
    throw new Error(result.reason);
  }
  return Buffer.from(result.bytes);
}

function change(
  path: string,
  text: string | Uint8Array,
  ...edits: [place: string, old: string, next: string][]
): string {
  const slots = edits.map(([place, oldText, newText]) => ({ place: placeOf(place), oldText, newText }));
  const result = replaceInData(Buffer.from(text), path, slots);
  return result.kind === 'refused' ? result.reason : Buffer.from(result.bytes).toString();
}

function checkEdits(sample: GeneratedData): void {
  const before = dataBytes(sample, 'before');
  const once = edited(before, sample.path, sample.planned);
  expect(once.toString()).toBe(dataBytes(sample, 'after').toString());
  const listed = listInData(readDataFile(before, sample.path), sample.path);
  for (const { place, oldText } of sample.slots) {
    const matches = listed.filter((literal) => literal.place === place);
    expect(matches, place).toHaveLength(1);
    const [match] = matches;
    expect(match?.obstacle).toBeNull();
    expect(before.subarray(match?.startByte, match?.endByte).toString()).toBe(oldText);
  }
}

describe('for any data file and any plan', () => {
  test('of JSON only the planned tokens change, and JSON itself reads the new values', () => {
    fc.assert(
      fc.property(generatedJson, (sample) => {
        checkEdits(sample);
        const after = dataBytes(sample, 'after')
          .toString()
          .replace(/^\uFEFF/, '');
        const found = listInData(readDataFile(Buffer.from(after), sample.path), sample.path);
        const flat = numbersOf(JSON.parse(after));
        expect(sorted(found.map(({ value }) => value))).toEqual(sorted(flat));
      }),
      { numRuns: 150 },
    );
  });

  test('of YAML only the planned tokens change, and the library reads the new values', () => {
    fc.assert(
      fc.property(generatedYaml, (sample) => {
        checkEdits(sample);
        const after = dataBytes(sample, 'after').toString();
        const found = listInData(readDataFile(Buffer.from(after), sample.path), sample.path);
        expect(sorted(found.map(({ value }) => value))).toEqual(sorted(numbersOf(parse(after))));
      }),
      { numRuns: 120 },
    );
  });

  test('Python reads the same numbers from a JSON file after the edit', () => {
    const samples = fc
      .sample(generatedJson, 40)
      .map((sample) => edited(dataBytes(sample, 'before'), sample.path, sample.planned));
    const program = `
import json, sys
def walk(value):
    if isinstance(value, bool) or value is None or isinstance(value, str): return
    if isinstance(value, (int, float)): yield float(value)
    elif isinstance(value, dict):
        for item in value.values(): yield from walk(item)
    else:
        for item in value: yield from walk(item)
print(json.dumps([list(walk(json.loads(text))) for text in json.load(sys.stdin)]))`;
    const input = JSON.stringify(samples.map((bytes) => bytes.toString().replace(/^\uFEFF/, '')));
    const interpreter = join(import.meta.dirname, '../../../.venv/bin/python');
    const answers = JSON.parse(
      execFileSync(interpreter, ['-c', program], { input }).toString(),
    ) as number[][];
    for (const [index, bytes] of samples.entries()) {
      const found = listInData(readDataFile(bytes, 'refs.json'), 'refs.json');
      expect(answers[index]?.map((value) => value + 0)).toEqual(
        found.flatMap(({ value }) => (value === null ? [] : [value + 0])),
      );
    }
  });
});

function numbersOf(value: unknown): number[] {
  if (typeof value === 'number') {
    return [value];
  }
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersOf) : [];
}

/** JavaScript puts keys like `8` first, the file does not. */
function sorted(values: readonly (number | null)[]): number[] {
  return values.flatMap((value) => (value === null ? [] : [value + 0])).sort((left, right) => left - right);
}

const yaml = `# accuracy references, a row a quantisation
acme/alder-8b:
  - accuracy: 74.20
  - quant_algo: FP8
    accuracy: 73.35   # measured on the H20
quoted: {a: "0.5", b: '3'}
pending: null
`;

describe('a YAML file', () => {
  test('keeps comments, order and quotes around the number', () => {
    const result = change(
      'tests/refs.yaml',
      yaml,
      ['refs.yaml::acme/alder-8b[1].accuracy', '73.35', '72.9'],
      ['refs.yaml::quoted.a', '0.5', '0.25'],
      ['refs.yaml::pending', 'null', '1.5'],
    );
    expect(result).toBe(
      yaml.replace('73.35', '72.9').replace('"0.5"', '"0.25"').replace('pending: null', 'pending: 1.5'),
    );
  });

  test.each([
    ['no such key', 'refs.yaml::acme/alder-8b[0].wer', /has no key 'wer' \(it has 'accuracy'\)/],
    ['no such item', 'refs.yaml::acme/alder-8b[2].accuracy', /has no item 2 \(it has 2\)/],
    [
      'a text',
      'refs.yaml::acme/alder-8b[1].quant_algo',
      /refs.yaml::acme\/alder-8b\[1\].quant_algo is `FP8`/,
    ],
    ['another number than planned', 'refs.yaml::acme/alder-8b[0].accuracy', /is 74.20, not 1 as planned/],
  ])('refuses %s', (_what, place, reason) => {
    expect(change('tests/refs.yaml', yaml, [place, '1', '2'])).toMatch(reason);
  });

  test('refuses what an anchor shares, what an alias or a merge brings, and nothing else', () => {
    const text = 'base: &b {accuracy: 0.5}\nshared: *b\nown:\n  <<: *b\n  wer: 0.1\nlone: &l 0.7\n';
    const at = (place: string, old: string) => change('r.yaml', text, [`r.yaml::${place}`, old, '0.6']);
    expect(at('base.accuracy', '0.5')).toMatch(/is shared with other places through the anchor &b/);
    expect(at('shared', '0.5')).toMatch(/shared is `\*b`/);
    expect(at('own.accuracy', '0.5')).toMatch(/takes others over from a merge \(<<\)/);
    expect(at('own.wer', '0.1')).toContain('wer: 0.6');
    expect(at('lone', '0.7')).toContain('lone: &l 0.6');
  });

  test('is no number where readers of YAML disagree', () => {
    const text = 'octal: 012\nscore: 1_000\ntime: 1:30\ntagged: !!float 1\nhex: 0x1F\n';
    const listed = listInData(readDataFile(Buffer.from(text), 'r.yaml'), 'r.yaml');
    expect(listed.filter(({ value }) => value !== null)).toEqual([]);
    expect(change('r.yaml', 'a: 1.0\n', ['r.yaml::a', '1.0', '1e-05'])).toMatch(
      /not a number that every reader/,
    );
  });
});

describe('a JSON file', () => {
  test('keeps its layout', () => {
    const text = '{ "a" :[ 1.50 ,{"b.c":-2e3}] }';
    expect(
      change('r.json', text, ["r.json::a[1]['b.c']", '-2e3', '-1999.5'], ['r.json::a[0]', '1.50', '2']),
    ).toBe('{ "a" :[ 2 ,{"b.c":-1999.5}] }');
  });

  test.each(['1_000', '.5', '5.', '+1', 'NaN', '01', '0x1', '1 '])(
    'does not take %j for a number',
    (text) => {
      expect(change('r.json', '{"a": 1}', ['r.json::a', '1', text])).toMatch(
        /is not a number that every reader/,
      );
    },
  );

  test('may have comments only under .jsonc', () => {
    const text = '{\n  // why\n  "a": 1,\n}\n';
    expect(change('r.jsonc', text, ['r.jsonc::a', '1', '2'])).toBe(text.replace('1', '2'));
    expect(change('r.json', text, ['r.json::a', '1', '2'])).toMatch(/^r.json: line 2: not valid JSON/);
  });
});

describe('a hostile file gives one clear refusal', () => {
  const deep = '['.repeat(100_000);
  test.each([
    ['bad YAML', 'r.yaml', 'a: [1\n', /line \d: not valid YAML/],
    ['a tab for indentation', 'r.yaml', 'a:\n\tb: 1\n', /line 2: not valid YAML/],
    ['a key twice', 'r.yaml', 'a: 1\na: 2\n', /line 2: (?:not valid YAML|the key "a" stands twice)/],
    ['a number and a text of one spelling as keys', 'r.yaml', '8: 1\n"8": 2\n', /the key "8" stands twice/],
    ['several documents', 'r.yaml', 'a: 1\n---\na: 2\n', /several documents/],
    ['nothing', 'r.yaml', '# only a comment\n', /empty/],
    ['a lone carriage return', 'r.yaml', 'a: 1\rb: 2\n', /carriage return without a line feed/],
    ['an alias to nothing', 'r.yaml', 'a: *gone\nb: 1\n', /not valid YAML/],
    ['brackets without end', 'r.yaml', deep, /nested|not valid YAML/],
    ['bad JSON', 'r.json', '{"a": }', /line 1: not valid JSON/],
    ['a JSON key twice', 'r.json', '{"a": 1,\n"a": 2}', /line 2: the key "a" stands twice/],
    ['JSON without end', 'r.json', deep, /nested|not valid JSON/],
    ['no JSON at all', 'r.json', '', /not valid JSON/],
    ['not UTF-8', 'r.yaml', Uint8Array.from([0x61, 0x3a, 0x20, 0xff]), /not UTF-8 text/],
    ['10 MB', 'r.json', `{"a": 1, "b": "${'x'.repeat(10 * 2 ** 20)}"}`, /larger than 2 MiB/],
  ])('%s', (_what, path, text, reason) => {
    expect(change(path, text, [`${path}::a`, '1', '2'])).toMatch(reason);
    expect(change(path, text, [`${path}::a`, '1', '2']).length).toBeLessThan(300);
  });

  test('aliases that multiply are not followed', () => {
    const levels = Array.from({ length: 30 }, (_, n) => `l${n + 1}: &l${n + 1} [*l${n}, *l${n}, *l${n}]`);
    const text = `l0: &l0 [1, 2]\n${levels.join('\n')}\nfree: 0.5\n`;
    expect(change('r.yaml', text, ['r.yaml::free', '0.5', '0.6'])).toContain('free: 0.6');
  });

  test('any bytes are read or refused, never crashed on', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'{}[]:,-&*<|>#"\'\n\t 1.a?!%@~'), maxLength: 40 }),
        (text) => {
          for (const path of ['r.yaml', 'r.json']) {
            try {
              const file = readDataFile(Buffer.from(text), path);
              for (const { place, obstacle, value } of listInData(file, path)) {
                const found = findInData(file, path, placeOf(place));
                expect(found.kind === 'found').toBe(obstacle === null);
                expect(found.kind === 'found' ? found.value : null).toBe(obstacle === null ? value : null);
              }
            } catch (error) {
              expect(error).toBeInstanceOf(DataFileProblem);
              expect(describeProblem(error as DataFileProblem)).not.toContain('\n');
            }
          }
        },
      ),
      { numRuns: 800 },
    );
  });
});

test.each([
  ['1e-05', 'a.yaml', '1.0e-05'],
  ['1.5e-07', 'a.yaml', '1.5e-07'],
  ['1_000', 'a.json', '1000'],
  ['.5', 'a.json', '0.5'],
  ['+3', 'a.json', '3'],
  ['1e16', 'a.yml', '1.0e+16'],
  ['1_000', 'a.py', '1_000'],
  ['73.9', 'a.yaml', '73.9'],
])('the number %s goes into %s as %s', (text, path, written) => {
  expect(numberTextFor(text, path)).toBe(written);
});
