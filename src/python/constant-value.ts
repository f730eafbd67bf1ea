import type { SyntaxNode } from 'tree-sitter';

import {
  type Assignment,
  type ConstantValue,
  type DictionaryKey,
  type InnerEntry,
  isConstant,
  type OpaqueValue,
  type OuterEntry,
  type SourceSpan,
  type StrayKey,
} from '../domain/discovery/source-facts.ts';
import { parsePythonNumber } from '../domain/numbers/python-numbers.ts';
import type { SourceIndex } from './parse-module.ts';

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
  let current = node;
  for (;;) {
    const inner =
      current.type === 'parenthesized_expression' ? current.namedChildren.find(isCode) : undefined;
    if (inner === undefined) {
      return current;
    }
    current = inner;
  }
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
  const keys = keysInside(node, text).map(({ key }) => key);
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
  const dictionary = value?.type === 'dictionary' ? value : null;
  return {
    ...index.positionOf(pair),
    key: readKey(key),
    inner: dictionary === null ? null : readInner(dictionary, index),
    innerHasSplat: dictionary !== null && hasSplat(dictionary),
    stray: dictionary === null ? strayIn({ key, value, index }) : deeperIn(dictionary, index),
  };
}

/** Keys of an outer pair whose value is no dictionary display. */
function strayIn(pair: { key: SyntaxNode | null; value: SyntaxNode | null; index: SourceIndex }): StrayKey[] {
  const { key, value, index } = pair;
  if (value === null) {
    return [];
  }
  if (isNumeral(value)) {
    const name = key === null ? null : plainString(withoutParentheses(key));
    return name === null || key === null ? [] : [{ key: name, where: 'flat', ...index.positionOf(key) }];
  }
  return keysInside(value, value.text).map(({ key: name, node }) => ({
    key: name,
    where: 'computed',
    ...index.positionOf(node),
  }));
}

/** Keys below the level of metrics. */
function deeperIn(inner: SyntaxNode, index: SourceIndex): StrayKey[] {
  // Most inner dictionaries hold numbers only; a second brace or a call is what makes a third level.
  if (!/[{(]/.test(inner.text.slice(1))) {
    return [];
  }
  return inner.namedChildren.flatMap((pair) => {
    const value = pair.type === 'pair' ? pair.childForFieldName('value') : null;
    const found = value === null ? [] : keysInside(value, value.text);
    return found.map(({ key, node }) => ({ key, where: 'deeper' as const, ...index.positionOf(node) }));
  });
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

/** String keys of dictionary displays and of `dict(key=…)` anywhere inside an expression. */
function keysInside(node: SyntaxNode, text: string): { key: string; node: SyntaxNode }[] {
  const displays = text.includes('{') ? node.descendantsOfType('pair') : [];
  const calls = text.includes('dict') ? node.descendantsOfType('call') : [];
  return [
    ...displays.flatMap((pair) => {
      const key = pair.childForFieldName('key');
      const name = key === null ? null : plainString(withoutParentheses(key));
      return key === null || name === null ? [] : [{ key: name, node: key }];
    }),
    ...calls
      .filter((call) => call.childForFieldName('function')?.text === 'dict')
      .flatMap((call) => call.childForFieldName('arguments')?.namedChildren ?? [])
      .flatMap((argument) => {
        const name = argument.type === 'keyword_argument' ? argument.childForFieldName('name') : null;
        return name === null ? [] : [{ key: name.text, node: name }];
      }),
  ];
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

/**
 * The value that a module-level name certainly has after the module has run: that of its last plain or annotated
 * assignment, null where anything else (a condition, `+=`, an import, …) binds it afterwards.
 */
function settledAssignment(assignments: readonly Assignment[], name: string): Assignment | null {
  const last = assignments.findLast((assignment) => assignment.name === name);
  return last !== undefined && isConstant(last) ? last : null;
}

/** The number behind a name, null when there is none or it is not certain. */
export function settledNumber(
  assignments: readonly Assignment[],
  name: string,
): Extract<ConstantValue, { kind: 'number' }> | null {
  const value = settledAssignment(assignments, name)?.value;
  return value?.kind === 'number' ? value : null;
}
