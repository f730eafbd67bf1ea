import type { SyntaxNode } from 'tree-sitter';

import { parsePythonNumber } from '../../domain/numbers/python-numbers.ts';
import type { TableRow } from '../../domain/places/literal-tree.ts';
import type { PlaceKey } from '../../domain/places/place.ts';
import { excerpt, isNumeral } from '../expression.ts';

/** A dictionary's key as far as the source tells it, and as it is written. */
export function readTableKey(node: SyntaxNode): Pick<TableRow, 'key' | 'keyText'> {
  return { key: keyOf(node, 0), keyText: excerpt(node.text) };
}

/** Tuples of tuples deeper than this cannot be spelt as a place. */
const maxTupleDepth = 4;

function keyOf(node: SyntaxNode, depth: number): PlaceKey | null {
  const { type } = node;
  switch (type) {
    case 'string': {
      const value = stringValue(node.text);
      return value === null ? null : { kind: 'string', value };
    }
    case 'identifier':
    case 'true':
    case 'false':
    case 'none':
      return { kind: 'name', name: node.text };
    case 'attribute':
      return /^[\p{L}\p{N}_.]+$/u.test(node.text) ? { kind: 'name', name: node.text } : null;
    case 'tuple': {
      const items = node.namedChildren.filter((child) => child.type !== 'comment');
      const keys = depth === maxTupleDepth ? [null] : items.map((item) => keyOf(item, depth + 1));
      return keys.every((key) => key !== null) ? { kind: 'tuple', items: keys } : null;
    }
    default:
      return isNumeral(node) ? numberKey(node.text) : null;
  }
}

function numberKey(text: string): PlaceKey | null {
  const number = parsePythonNumber(text);
  if (number === null) {
    return null;
  }
  const { value, isInteger } = number;
  if (isInteger) {
    return Number.isSafeInteger(value) ? { kind: 'integer', value } : null;
  }
  return { kind: 'float', value };
}

const literalText = /^([rRuU]?)("""|'''|"|')(.*)\2$/s;
const knownEscape = /\\(?:\r?\n|u([\da-fA-F]{4})|x([\da-fA-F]{2})|([\\'"nrt]))/g;
const escaped: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  '\\': '\\',
  "'": "'",
  '"': '"',
};

/** The value of a string literal; null for bytes, interpolation, and escapes that are not read here. */
function stringValue(text: string): string | null {
  const [, prefix, , inner] = literalText.exec(text) ?? [];
  if (prefix === undefined || inner === undefined) {
    return null;
  }
  if (!inner.includes('\\') || /r/i.test(prefix)) {
    return inner;
  }
  if (inner.replaceAll(knownEscape, '').includes('\\')) {
    return null;
  }
  return inner.replaceAll(knownEscape, (_whole, long?: string, short?: string, plain?: string) => {
    const code = long ?? short;
    return code === undefined
      ? plain === undefined
        ? ''
        : (escaped[plain] ?? plain)
      : String.fromCharCode(Number.parseInt(code, 16));
  });
}
