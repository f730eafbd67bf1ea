import type { TreeCursor } from 'tree-sitter';

import type { PythonModule } from './parse-module.ts';

/** A token of a module that holds a number, in UTF-16 units of its source. */
export interface TokenRange {
  start: number;
  end: number;
}

export interface TreeSide {
  module: PythonModule;
  /** Tokens that are allowed to differ, source order; as many on both sides. */
  tokens: readonly TokenRange[];
}

/**
 * The first difference between two syntax trees other than the given number tokens: comments count, white space and
 * positions do not. Null when there is none.
 */
export function treeDifference(before: TreeSide, after: TreeSide): string | null {
  const [left, right] = [walk(before), walk(after)];
  for (;;) {
    const [one, other] = [left.next(), right.next()];
    if (one.done === true || other.done === true) {
      return one.done === other.done ? null : 'one tree ends before the other';
    }
    if (one.value !== other.value) {
      return `${one.value} became ${other.value}`;
    }
  }
}

/** The tree in pre-order, a word for each node: its type, a leaf's text, or `<literal n>` for an excepted token. */
function* walk({ module, tokens }: TreeSide): Generator<string> {
  const cursor = module.root.walk();
  let literals = 0;
  for (;;) {
    const token = tokens[literals];
    const isToken = token !== undefined && isNumberAt(cursor, token);
    if (isToken) {
      literals += 1;
      yield `<literal ${literals}>`;
    } else {
      yield cursor.nodeType;
      if (cursor.gotoFirstChild()) {
        continue;
      }
      yield JSON.stringify(module.source.slice(cursor.startIndex, cursor.endIndex));
    }
    while (!cursor.gotoNextSibling()) {
      if (!cursor.gotoParent()) {
        return;
      }
      yield '<up>';
    }
  }
}

const numberTypes: ReadonlySet<string> = new Set([
  'integer',
  'float',
  'unary_operator',
  // A number that is still to be calibrated, and the text of an environment variable's default.
  'none',
  'string_content',
]);

function isNumberAt(cursor: TreeCursor, { start, end }: TokenRange): boolean {
  return cursor.startIndex === start && cursor.endIndex === end && numberTypes.has(cursor.nodeType);
}
