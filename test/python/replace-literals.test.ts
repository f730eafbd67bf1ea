import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { type LiteralReplacement, replaceLiterals } from '../../src/python/replace-literals.ts';
import { literalTarget } from './literal-target.ts';
import { readWithPython } from './run-python.ts';

interface RecordedEdit {
  symbol: string;
  subkey: string | null;
  concurrency: number | null;
  old: string;
  new: string;
}

const folder = join(import.meta.dirname, '../fixtures/apply');
const cases = readdirSync(folder).map((name) => {
  const edits = JSON.parse(readFileSync(join(folder, name, 'edits.json'), 'utf8')) as RecordedEdit[];
  return {
    name,
    edits,
    before: readFileSync(join(folder, name, 'before.py')),
    after: readFileSync(join(folder, name, 'after.py')),
    replacements: edits.map(replacementOf),
  };
});

function replacementOf(edit: RecordedEdit): LiteralReplacement {
  const { symbol, subkey, concurrency } = edit;
  return { target: literalTarget({ symbol, subkey, concurrency }), oldText: edit.old, newText: edit.new };
}

function edited(bytes: Uint8Array, replacements: readonly LiteralReplacement[]): Buffer {
  const result = replaceLiterals(bytes, 'tests/x.py', replacements);
  if (result.kind === 'refused') {
    throw new Error(result.reason);
  }
  return Buffer.from(result.bytes);
}

function bare(symbol: string, oldText: string, newText: string): LiteralReplacement {
  return { target: literalTarget({ symbol, subkey: null, concurrency: null }), oldText, newText };
}

function refusal(source: string | Buffer, ...replacements: LiteralReplacement[]): string {
  const result = replaceLiterals(Buffer.from(source), 'tests/x.py', replacements);
  return result.kind === 'refused' ? result.reason : 'replaced';
}

describe('golden files of every literal form', () => {
  test.each(cases)('$name: only the planned tokens change', ({ before, after, replacements }) => {
    expect(edited(before, replacements).toString()).toBe(after.toString());
    expect(edited(before, replacements).equals(after)).toBe(true);
  });

  test.each(cases)('$name: the way back restores the bytes', ({ before, after, edits }) => {
    const back = edits.map((edit) => replacementOf({ ...edit, old: edit.new, new: edit.old }));
    expect(edited(after, back).equals(before)).toBe(true);
  });

  test("Python's own parser reads the new values, and everything else as before", () => {
    const literals = cases.map(({ edits }) =>
      Buffer.from(edits.map((edit, n) => `N${n} = ${edit.new}\n`).join('')),
    );
    const answers = readWithPython([...cases.flatMap(({ before, after }) => [before, after]), ...literals]);
    for (const [index, { name, edits }] of cases.entries()) {
      const expected = { ...answers[index * 2] };
      const values = answers[cases.length * 2 + index] ?? {};
      for (const [n, edit] of edits.entries()) {
        const [key = '', ...others] = Object.keys(expected).filter((one) => isKeyOf(one, edit));
        expect([key, others], `${name}: ${edit.symbol}`).toEqual([expect.stringContaining(edit.symbol), []]);
        expected[key] = values[`N${n}`] ?? ['float', 'nothing'];
      }
      expect(answers[index * 2 + 1], name).toEqual(expected);
    }
  });
});

function isKeyOf(key: string, { symbol, subkey, concurrency }: RecordedEdit): boolean {
  return subkey === null
    ? key === symbol
    : key.startsWith(`${symbol}[${concurrency ?? ''}`) && key.endsWith(`]['${subkey}']`);
}

describe('the edit', () => {
  test('counts a literal that two targets share once', () => {
    const source = Buffer.from('A = B = 0.5\n');
    expect(replaceLiterals(source, 'x.py', [bare('A', '0.5', '0.6'), bare('B', '0.5', '0.6')])).toMatchObject(
      {
        kind: 'replaced',
        edits: 1,
      },
    );
  });

  test('of nothing gives the same bytes', () => {
    const source = Buffer.from('A = 1\r\n');
    expect(edited(source, []).equals(source)).toBe(true);
  });
});

describe('nothing is edited, and the reason names the place', () => {
  test.each([
    ['another literal than planned', 'A = 0.51\n', 'tests/x.py: A is 0.51, not 0.5 as planned'],
    ['a computed value', 'A = 2 * 0.25\n', 'tests/x.py: A is `2 * 0.25`, not a numeric literal'],
    ['no such constant', 'B = 0.5\n', 'tests/x.py: A is not assigned at module level'],
    [
      'a line end that only Python sees',
      'x = 1\nA = 0.5 # c\rA = 1\n',
      /line 2 has a carriage return without/,
    ],
    ['not Python', 'A = 0.5\nB = (\n', /^tests\/x.py: line 2 is not valid Python/],
    [
      'a literal of another name as well',
      'A = B = 0.5\n',
      /^tests\/x.py: A shares its literal with B \(line 1\)/,
    ],
    ['a literal of a lower-case name as well', 'x = A = 0.5\n', /shares its literal with x/],
    ['an item as well', 'LIMITS["a"] = A = 0.5\n', /shares its literal with LIMITS\["a"\]/],
    [
      'a value that may change afterwards',
      'A = 0.5\nif x:\n    A = 1\n',
      /A is chosen by a condition \(@if: 1 where x, @else: 0.5\): select a branch/,
    ],
  ])('%s', (_what, source, reason) => {
    expect(refusal(source, bare('A', '0.5', '0.6'))).toMatch(reason);
  });

  test('bytes that are not UTF-8', () => {
    const latin1 = Buffer.from('# -*- coding: latin-1 -*-\n# \xe9\nA = 0.5\n', 'latin1');
    expect(refusal(latin1, bare('A', '0.5', '0.6'))).toBe('tests/x.py: the file is not UTF-8 text');
  });

  test('two values for one literal', () => {
    const source = '_P = {8: {"x": 0.5}}\n';
    const to = (newText: string, concurrency: number | null): LiteralReplacement => ({
      target: literalTarget({ symbol: '_P', subkey: 'x', concurrency }),
      oldText: '0.5',
      newText,
    });
    expect(refusal(source, to('0.6', 8), to('0.7', null))).toBe(
      "tests/x.py: _P['x'] shares its literal with another metric: 0.6 or 0.7?",
    );
  });

  test.each(['nan', 'inf', '1e999', '1 + 1', '0.6 # x', '0.6\nB = 1', '', '007', '0.6j'])(
    'a new text that is no finite number: %j',
    (newText) => {
      expect(refusal('A = 0.5\n', bare('A', '0.5', newText))).toMatch(/is not a finite Python number$/);
    },
  );
});
