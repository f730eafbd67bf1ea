import type { SyntaxNode } from 'tree-sitter';

import type {
  ConstantValue,
  DictionaryKey,
  InnerEntry,
  OpaqueValue,
  OuterEntry,
  SourceSpan,
} from '../domain/discovery/source-facts.ts';
import { parsePythonNumber } from '../domain/numbers/python-number.ts';
import type { SourceIndex } from './source-index.ts';

const opaqueKinds: Readonly<Record<string, OpaqueValue['kind']>> = {
  true: 'boolean',
  false: 'boolean',
  none: 'none',
  string: 'string',
  concatenated_string: 'string',
  list: 'collection',
  tuple: 'collection',
  set: 'collection',
  expression_list: 'collection',
};

/** Reads the right-hand side of an assignment; parentheses around a value do not count. */
export function readValue(node: SyntaxNode, index: SourceIndex): { value: ConstantValue; span: SourceSpan } {
  const inner = withoutParentheses(node);
  return { value: classify(inner, index), span: index.spanOf(inner) };
}

/** The text of a string literal without prefix, interpolation or escapes; null for any other node. */
export function plainString(node: SyntaxNode): string | null {
  if (node.type !== 'string') {
    return null;
  }
  const match = /^[rRuU]?("""|'''|"|')([^\\]*)\1$/s.exec(node.text);
  return match?.[2] ?? null;
}

function withoutParentheses(node: SyntaxNode): SyntaxNode {
  const inner = node.type === 'parenthesized_expression' ? node.namedChildren.find(isCode) : undefined;
  return inner === undefined ? node : withoutParentheses(inner);
}

function classify(node: SyntaxNode, index: SourceIndex): ConstantValue {
  const { type } = node;
  if (type === 'dictionary') {
    return {
      kind: 'dictionary',
      entries: node.namedChildren
        .filter((child) => child.type === 'pair')
        .map((pair) => readPair(pair, index)),
      hasSplat: hasSplat(node),
    };
  }
  const number = isNumeral(node) ? parsePythonNumber(node.text) : null;
  if (number !== null) {
    return { kind: 'number', text: node.text, ...number };
  }
  const { text } = node;
  const keys = text.includes('{') ? keysInside(node) : [];
  return { kind: opaqueKinds[type] ?? 'computed', text: excerpt(text), keys };
}

/** `3`, `-0.5`, `+3`: a numeral token with at most one sign in front. */
function isNumeral(node: SyntaxNode): boolean {
  const { type } = node;
  const operand = type === 'unary_operator' ? node.childForFieldName('argument')?.type : type;
  return operand === 'integer' || operand === 'float';
}

function readPair(pair: SyntaxNode, index: SourceIndex): OuterEntry {
  const key = pair.childForFieldName('key');
  const valueNode = pair.childForFieldName('value');
  const value = valueNode === null ? null : withoutParentheses(valueNode);
  const position = index.positionOf(pair);
  const isDictionary = value !== null && value.type === 'dictionary';
  return {
    ...position,
    key: readKey(key),
    inner: isDictionary ? readInner(value, index) : null,
    innerHasSplat: isDictionary && hasSplat(value),
  };
}

function readKey(key: SyntaxNode | null): DictionaryKey {
  const node = key === null ? null : withoutParentheses(key);
  const number = node !== null && isNumeral(node) ? parsePythonNumber(node.text) : null;
  if (number?.isInteger === true) {
    return { kind: 'integer', value: number.value };
  }
  return node?.type === 'identifier'
    ? { kind: 'name', name: node.text }
    : { kind: 'other', text: excerpt(node?.text ?? '') };
}

function readInner(dictionary: SyntaxNode, index: SourceIndex): InnerEntry[] {
  return dictionary.namedChildren.flatMap((pair) => {
    const key = pair.type === 'pair' ? pair.childForFieldName('key') : null;
    const name = key === null ? null : plainString(withoutParentheses(key));
    const valueNode = pair.childForFieldName('value');
    if (name === null || valueNode === null) {
      return [];
    }
    const { value, span } = readValue(valueNode, index);
    return [{ key: name, value, ...span }];
  });
}

function keysInside(node: SyntaxNode): string[] {
  return node.descendantsOfType('pair').flatMap((pair) => {
    const key = pair.childForFieldName('key');
    return (key === null ? null : plainString(key)) ?? [];
  });
}

function hasSplat(dictionary: SyntaxNode): boolean {
  return dictionary.namedChildren.some((child) => child.type === 'dictionary_splat');
}

function isCode(node: SyntaxNode): boolean {
  return node.type !== 'comment';
}

function excerpt(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > 60 ? `${line.slice(0, 57)}...` : line;
}
