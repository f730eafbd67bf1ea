import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { formatPlace, isSamePlace, placeInFile } from '../../../src/domain/places/format-place.ts';
import { parsePlace } from '../../../src/domain/places/parse-place.ts';
import type { Place, PlaceKey, PlaceStep } from '../../../src/domain/places/place.ts';

function parsed(text: string, file: string | null = null): Place {
  const place = parsePlace(text, file);
  if (place === null) {
    throw new Error(`${text} is no place`);
  }
  return place;
}

describe('every shape of a place', () => {
  test.each([
    'X',
    '_X_P95',
    'expected_accuracy',
    "X['H200']['throughput_qps']",
    "X['accuracy']",
    "_MMSU_P95[8]['rtf_mean']",
    'X[0]',
    'X[1][0]',
    "X[('H100', 8)]",
    'X[(8,)]',
    'X[()]',
    'X[1.5]',
    'X[-1]',
    "X[Device.H200]['wer']",
    'X[None]',
    'SpeedGate.min_tok_s',
    'GATES[1].min_accuracy',
    'X@if',
    'X@else@elif2',
    "X['a'].b@if[0]",
    'test_device[8-hifi4-b8]::expected_perf',
    'test_device[a b [c]-d]::expected_perf',
    'TestSpeed::test_device[#3]::expected_perf',
    "test_device['#3']::limits['wer']",
    'test_clip::run(min_threshold)',
    'TestClip::test_clip::self.run[2](min_threshold)',
    "test_clip::run(limits)['wer']",
    'refs.yaml::acme/alder-8b[0].accuracy',
    'tests/refs.yml::a.b.c',
    "refs.json::['a.b'][0][1].c",
    'refs.json::[0].accuracy',
    "refs.yaml::a['']",
    'limits.py::MIN_F1',
    "X['it\\'s \\\\ \\n \\u0007']",
  ])('%s reads back as it is written', (text) => {
    expect(formatPlace(parsed(text))).toBe(text);
  });

  test.each([
    ['_X[ "rtf_mean" ]', "_X['rtf_mean']"],
    ["_X['\\x41']", "_X['A']"],
    ['X[("H100",8)]', "X[('H100', 8)]"],
    ['X[1_000]', 'X[1000]'],
    ['X[0x10]', 'X[16]'],
    ["refs.yaml::['a'].b", 'refs.yaml::a.b'],
  ])('%s is read as %s', (text, canonical) => {
    expect(formatPlace(parsed(text))).toBe(canonical);
  });

  test('a path inside a data file is read with the file that is meant', () => {
    expect(parsed('acme/alder-8b[0].accuracy', 'tests/refs.yaml')).toEqual(
      parsed('tests/refs.yaml::acme/alder-8b[0].accuracy'),
    );
    expect(parsePlace('acme/alder-8b[0].accuracy', 'tests/limits.py')).toBeNull();
  });

  test.each([
    '',
    ' X',
    'X ',
    'X[',
    'X[]',
    "X['a]",
    'X[(1)]',
    'X[9007199254740993]',
    'X.1',
    'X@',
    '1X',
    'X Y',
    "X['a']b",
    'test_x[]::a',
    'test_x[a]::',
    'test_x::run()',
    'test_x::run[0](a)',
    'refs.yaml::',
    'refs.yaml::a..b',
    'refs.yaml::a[-1]',
    'refs.yaml::a[1.5]',
    `X${'[0]'.repeat(25)}`,
    'X'.repeat(1001),
    `X[${'('.repeat(50)}1`,
  ])('%j is no place', (text) => {
    expect(parsePlace(text)).toBeNull();
  });
});

const word = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,8}$/);
const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.constantFrom("]::x['", 'a.yaml::b', '#1', "'", '"', '\\', ' a', 'a ', '@if', '', '🙂', 'a]'),
);
const key: fc.Arbitrary<PlaceKey> = fc
  .letrec<{ key: PlaceKey }>((tie) => ({
    key: fc.oneof(
      { depthSize: 'small' },
      text.map((value): PlaceKey => ({ kind: 'string', value })),
      fc.maxSafeInteger().map((value): PlaceKey => ({ kind: 'integer', value })),
      fc
        .double({ noNaN: true, noDefaultInfinity: true })
        .map((value): PlaceKey => ({ kind: 'float', value })),
      fc.array(tie('key'), { maxLength: 3 }).map((items): PlaceKey => ({ kind: 'tuple', items })),
      fc.constantFrom('Device.H200', 'None', 'K').map((name): PlaceKey => ({ kind: 'name', name })),
    ),
  }))
  .key.filter((made) => depthOf(made) <= 4);

function depthOf(made: PlaceKey): number {
  return made.kind === 'tuple' ? 1 + Math.max(0, ...made.items.map(depthOf)) : 0;
}

const step: fc.Arbitrary<PlaceStep> = fc.oneof(
  key.map((made): PlaceStep => ({ kind: 'key', key: made })),
  word.map((name): PlaceStep => ({ kind: 'field', name })),
  fc.constantFrom('if', 'elif2', 'else').map((label): PlaceStep => ({ kind: 'branch', label })),
);
const tests = fc.array(word, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('::'));
const root: fc.Arbitrary<Place['root']> = fc.oneof(
  word.map((name) => ({ kind: 'name' as const, name })),
  fc.record({
    kind: fc.constant('row' as const),
    test: tests,
    row: fc.oneof(
      text.map((id) => ({ kind: 'id' as const, id })),
      fc.nat({ max: 999 }).map((index) => ({ kind: 'index' as const, index })),
    ),
    argument: word,
  }),
  fc.record({
    kind: fc.constant('call' as const),
    test: tests,
    callee: fc.array(word, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('.')),
    call: fc.integer({ min: 1, max: 99 }),
    argument: word,
  }),
);
const python = fc.record({
  file: fc.constantFrom(null, 'limits.py', 'tests/limits.py'),
  root,
  steps: fc.array(step, { maxLength: 5 }),
});
const data = fc.record({
  file: fc.constantFrom('refs.yaml', 'a/b c.json', 'x.yml'),
  root: fc.constant({ kind: 'document' as const }),
  steps: fc.array(
    fc.oneof(
      text.map((value): PlaceStep => ({ kind: 'key', key: { kind: 'string', value } })),
      fc.nat().map((value): PlaceStep => ({ kind: 'key', key: { kind: 'integer', value } })),
    ),
    { minLength: 1, maxLength: 6 },
  ),
});

describe('for any place', () => {
  test('its spelling stands on one line and reads back as the same place', () => {
    fc.assert(
      fc.property(fc.oneof(python, data), (place: Place) => {
        const spelt = formatPlace(place);
        expect(spelt).not.toMatch(/[\n\r\u2028]/);
        expect(parsePlace(spelt)).toEqual(place);
        expect(isSamePlace(place, parsed(spelt))).toBe(true);
      }),
      { numRuns: 600 },
    );
  });

  test('no text makes reading fail, and what is read has one spelling', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...`X[0]('").@:#,1a\\ ymls`), maxLength: 24 }), (any) => {
        const place = parsePlace(any);
        if (place !== null) {
          expect(parsePlace(formatPlace(place))).toEqual(place);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('comparing places', () => {
  test('a file is known by its last part, and may be left out', () => {
    expect(isSamePlace(parsed('refs.yaml::a'), parsed('tests/refs.yaml::a'))).toBe(true);
    expect(isSamePlace(parsed('refs.yaml::a'), parsed('tests/more-refs.yaml::a'))).toBe(false);
    expect(isSamePlace(parsed('X'), parsed('tests/limits.py::X'))).toBe(true);
    expect(isSamePlace(parsed('X[0]'), parsed('X[1]'))).toBe(false);
  });

  test('in its file a place is written with the base name where the file is data', () => {
    const path = 'tests/unit/refs.yaml';
    expect(formatPlace(placeInFile(path, parsed('a.b', path)))).toBe('refs.yaml::a.b');
    expect(formatPlace(placeInFile('tests/limits.py', parsed('limits.py::X')))).toBe('X');
  });
});
