import { describe, expect, test } from 'vitest';

import { treeDifference, type TokenRange } from '../../src/python/compare-trees.ts';
import { parseModule } from '../../src/python/parse-module.ts';

/** Parses a module whose excepted tokens stand between « and ». */
function side(marked: string) {
  const tokens: TokenRange[] = [];
  let source = '';
  for (const part of marked.split(/(«[^»]*»)/)) {
    const isToken = part.startsWith('«');
    const text = isToken ? part.slice(1, -1) : part;
    if (isToken) {
      tokens.push({ start: source.length, end: source.length + text.length });
    }
    source += text;
  }
  const parsed = parseModule(source);
  if (parsed.kind === 'syntax-error') {
    throw new Error(parsed.message);
  }
  return { module: parsed.module, tokens };
}

const difference = (before: string, after: string) => treeDifference(side(before), side(after));

describe('two trees are the same', () => {
  test.each([
    ['A = «1»\n', 'A = «2»\n'],
    ['A = «1»\n', 'A = «-2.5e3»\n'],
    ['A = «-1»  # x\n', 'A = «2»  # x\n'],
    ['é = "😀"; A = «1»; B = «2»\n', 'é = "😀"; A = «10.5»; B = «-2»\n'],
    ['A = {8: {"x": «1», "y": 2}}\n', 'A = {8: {"x": «1_0», "y": 2}}\n'],
    ['A = «1»\n', 'A   =   «1»\r\n'],
  ])('%j and %j, tokens and white space aside', (before, after) => {
    expect(difference(before, after)).toBeNull();
  });
});

describe('two trees differ', () => {
  test.each([
    ['another number changed', 'A = «1»; B = 2\n', 'A = «1»; B = 3\n', '"2" became "3"'],
    ['a name changed', 'A = «1»\n', 'B = «1»\n', '"A" became "B"'],
    ['a comment changed', 'A = «1»  # a\n', 'A = «1»  # b\n', '"# a" became "# b"'],
    ['a string changed', 'A = «1»; s = "x"\n', 'A = «1»; s = "y"\n', '"x" became "y"'],
    ['a token became something else', 'A = «1»\n', 'A = «x»\n', /^<literal 1> became/],
    ['an operator was swallowed', 'A = «1»\n', 'A = «1 + 1»\n', /^<literal 1> became/],
    ['a statement was added', 'A = «1»\n', 'A = «1»\nB = 1\n', /became/],
    ['the block is another one', 'if x:\n    y\n    A = «1»\n', 'if x:\n    y\nA = «1»\n', /became/],
  ])('when %s', (_what, before, after, expected) => {
    expect(difference(before, after)).toMatch(expected);
  });
});
