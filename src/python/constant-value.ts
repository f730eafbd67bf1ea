import type { SyntaxNode } from 'tree-sitter';

import { type Assignment, isConstant, type SourceSpan } from '../domain/discovery/source-facts.ts';
import { parsePythonNumber } from '../domain/numbers/python-numbers.ts';
import type {
  LiteralTree,
  NumberTree,
  OpaqueTree,
  TableRow,
  TableTree,
} from '../domain/places/literal-tree.ts';
import { maxPlaceSteps, type PlaceKey } from '../domain/places/place.ts';
import { readCall } from './places/call-value.ts';
import { codeChildren, excerpt, isNumeral, plainString, withoutParentheses } from './expression.ts';
import type { SourceIndex } from './parse-module.ts';
import { readTableKey } from './places/table-key.ts';

const opaqueKinds: Readonly<Record<string, OpaqueTree['kind']>> = {
  true: 'boolean',
  false: 'boolean',
  string: 'string',
  concatenated_string: 'string',
};

/** Reads the right-hand side of an assignment; parentheses around a value do not count. */
export function readValue(node: SyntaxNode, index: SourceIndex): { value: LiteralTree; span: SourceSpan } {
  const inner = withoutParentheses(node);
  return { value: readTree(inner, index), span: index.spanOf(inner) };
}

/** What a value is, as deep as places lead. */
export function readTree(node: SyntaxNode, index: SourceIndex, depth = 0): LiteralTree {
  const inner = withoutParentheses(node);
  if (depth > maxPlaceSteps) {
    return opaque(inner, index);
  }
  const { type } = inner;
  switch (type) {
    case 'integer':
    case 'float':
      return readNumber(inner, index);
    case 'unary_operator':
      return isNumeral(inner) ? readNumber(inner, index) : opaque(inner, index);
    case 'none':
      return { kind: 'none', text: inner.text, ...index.spanOf(inner) };
    case 'dictionary':
      return readDictionary(inner, index, depth);
    case 'list':
    case 'tuple':
    case 'set':
    case 'expression_list': {
      const items = codeChildren(inner);
      return {
        kind: 'collection',
        items: items.map((item) => readTree(item, index, depth + 1)),
        hasSplat: type === 'set' || items.some((item) => item.type === 'list_splat'),
        ...index.positionOf(inner),
      };
    }
    case 'conditional_expression':
      return readConditional(inner, index, depth);
    case 'call':
      return (
        readCall({ call: inner, index, read: (part) => readTree(part, index, depth + 1) }) ??
        opaque(inner, index)
      );
    default:
      return opaque(inner, index);
  }
}

function readNumber(node: SyntaxNode, index: SourceIndex): LiteralTree {
  const { text } = node;
  const number = parsePythonNumber(text);
  return number === null ? opaque(node, index) : { kind: 'number', text, ...number, ...index.spanOf(node) };
}

function readDictionary(node: SyntaxNode, index: SourceIndex, depth: number): TableTree {
  const rows: TableRow[] = [];
  let hasSplat = false;
  for (const child of node.namedChildren) {
    const { type } = child;
    hasSplat ||= type === 'dictionary_splat';
    const [key, value] = type === 'pair' ? pairParts(child) : [];
    if (key !== undefined && value !== undefined) {
      const tree = readTree(value, index, depth + 1);
      rows.push({ ...readTableKey(withoutParentheses(key)), value: tree, ...index.positionOf(child) });
    }
  }
  return { kind: 'dictionary', rows, hasSplat, ...index.positionOf(node) };
}

/** Asking for both fields crosses into native code twice; most pairs hold nothing else. */
function pairParts(pair: SyntaxNode): (SyntaxNode | undefined)[] {
  const parts = pair.namedChildren;
  return parts.length === 2 ? parts : parts.filter(({ type }) => type !== 'comment');
}

function readConditional(node: SyntaxNode, index: SourceIndex, depth: number): LiteralTree {
  const [then, condition, otherwise] = codeChildren(node);
  if (then === undefined || condition === undefined || otherwise === undefined) {
    return opaque(node, index);
  }
  return {
    kind: 'choice',
    branches: [
      { label: 'if', condition: excerpt(condition.text), value: readTree(then, index, depth + 1) },
      { label: 'else', condition: '', value: readTree(otherwise, index, depth + 1) },
    ],
    ...index.positionOf(node),
  };
}

export function opaque(node: SyntaxNode, index: SourceIndex): OpaqueTree {
  const { type, text } = node;
  const keys = keysInside(node, text);
  return { kind: opaqueKinds[type] ?? 'computed', text: excerpt(text), keys, ...index.positionOf(node) };
}

/** String keys of dictionary displays and of `dict(key=…)` anywhere inside an expression. */
function keysInside(node: SyntaxNode, text: string): string[] {
  const displays = text.includes('{') ? node.descendantsOfType('pair') : [];
  const calls = text.includes('dict') ? node.descendantsOfType('call') : [];
  return [
    ...displays.flatMap((pair) => {
      const key = pair.childForFieldName('key');
      const name = key === null ? null : plainString(withoutParentheses(key));
      return name === null ? [] : [name];
    }),
    ...calls
      .filter((call) => call.childForFieldName('function')?.text === 'dict')
      .flatMap((call) => call.childForFieldName('arguments')?.namedChildren ?? [])
      .flatMap((argument) => {
        const name = argument.type === 'keyword_argument' ? argument.childForFieldName('name') : null;
        return name === null ? [] : [name.text];
      }),
  ];
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
export function settledNumber(assignments: readonly Assignment[], name: string): NumberTree | null {
  const value = settledAssignment(assignments, name)?.value;
  return value?.kind === 'number' && value.variable === undefined ? value : null;
}

/** What a name stands for as a key of a table, where that is certain and a number. */
export function settledKey(assignments: readonly Assignment[], name: string): PlaceKey | null {
  const number = settledNumber(assignments, name);
  if (number === null || (number.isInteger && !Number.isSafeInteger(number.value))) {
    return null;
  }
  return { kind: number.isInteger ? 'integer' : 'float', value: number.value };
}
