import type { SyntaxNode } from 'tree-sitter';

import { parsePythonNumber } from '../../../domain/numbers/python-numbers.ts';
import { joined, parametersOf, stringOf } from './convert-text.ts';
import type { Converter } from './converter.ts';
import { codeChildren, lineOf } from './tree-nodes.ts';
import {
  maxDepth,
  type Argument,
  type BinaryOperator,
  type Clause,
  type ComparisonOperator,
  type Expr,
  type Parameter,
} from './syntax.ts';

/** Converts expressions of one file; positions are taken from the tree. */
export interface ExpressionConverter {
  expression: (node: SyntaxNode | null, depth?: number) => Expr;
  parameters: (node: SyntaxNode | null) => Parameter[];
  arguments: (node: SyntaxNode | null, depth?: number) => Argument[];
}

/** @param source the text that the nodes are of */
export function createExpressionConverter(source: string): ExpressionConverter {
  const converter: Converter = { source, convert: (node, depth) => convert(converter, node, depth) };
  return {
    expression: (node, depth = 0) => converter.convert(node, depth),
    parameters: (node) => parametersOf(converter, node),
    arguments: (node, depth = 0) => argumentsOf(converter, node, depth),
  };
}

type Rule = (converter: Converter, node: SyntaxNode, depth: number) => Expr;

function convert(converter: Converter, node: SyntaxNode | null, depth: number): Expr {
  if (node === null) {
    return { kind: 'other', reason: 'an incomplete expression', line: 1 };
  }
  if (depth > maxDepth) {
    return { kind: 'other', reason: 'an expression nested too deeply', line: lineOf(node) };
  }
  const { type } = node;
  const rule = Object.hasOwn(rules, type) ? rules[type] : undefined;
  return rule === undefined
    ? { kind: 'other', reason: `an expression of kind ${type}`, line: lineOf(node) }
    : rule(converter, node, depth + 1);
}

const rules: Readonly<Record<string, Rule>> = {
  identifier: (_, node) => ({ kind: 'name', name: node.text, line: lineOf(node) }),
  integer: (_, node) => numberOf(node),
  float: (_, node) => numberOf(node),
  true: (_, node) => ({ kind: 'boolean', value: true, line: lineOf(node) }),
  false: (_, node) => ({ kind: 'boolean', value: false, line: lineOf(node) }),
  none: (_, node) => ({ kind: 'none', start: node.startIndex, end: node.endIndex, line: lineOf(node) }),
  string: (converter, node, depth) => stringOf(converter, node, depth),
  concatenated_string: (converter, node, depth) => joined(converter, node, depth),
  parenthesized_expression: (converter, node, depth) =>
    converter.convert(codeChildren(node)[0] ?? null, depth),
  attribute: (converter, node, depth) => ({
    kind: 'attribute',
    object: converter.convert(node.childForFieldName('object'), depth),
    name: node.childForFieldName('attribute')?.text ?? '',
    line: lineOf(node),
  }),
  subscript: (converter, node, depth) => subscriptOf(converter, node, depth),
  slice: (converter, node, depth) => ({
    kind: 'slice',
    parts: sliceParts(converter, node, depth),
    line: lineOf(node),
  }),
  call: (converter, node, depth) => ({
    kind: 'call',
    callee: converter.convert(node.childForFieldName('function'), depth),
    arguments: argumentsOf(converter, node.childForFieldName('arguments'), depth),
    line: lineOf(node),
  }),
  binary_operator: (converter, node, depth) => ({
    kind: 'binary',
    operator: (node.childForFieldName('operator')?.type ?? '+') as BinaryOperator,
    left: converter.convert(node.childForFieldName('left'), depth),
    right: converter.convert(node.childForFieldName('right'), depth),
    line: lineOf(node),
  }),
  unary_operator: (converter, node, depth) => unaryOf(converter, node, depth),
  boolean_operator: (converter, node, depth) => ({
    kind: 'logical',
    operator: node.childForFieldName('operator')?.type === 'or' ? 'or' : 'and',
    left: converter.convert(node.childForFieldName('left'), depth),
    right: converter.convert(node.childForFieldName('right'), depth),
    line: lineOf(node),
  }),
  not_operator: (converter, node, depth) => ({
    kind: 'not',
    operand: converter.convert(node.childForFieldName('argument'), depth),
    line: lineOf(node),
  }),
  comparison_operator: (converter, node, depth) => comparisonOf(converter, node, depth),
  conditional_expression: (converter, node, depth) => {
    const [met, test, otherwise] = codeChildren(node);
    return {
      kind: 'conditional',
      test: converter.convert(test ?? null, depth),
      met: converter.convert(met ?? null, depth),
      otherwise: converter.convert(otherwise ?? null, depth),
      line: lineOf(node),
    };
  },
  lambda: (converter, node, depth) => ({
    kind: 'lambda',
    parameters: parametersOf(converter, node.childForFieldName('parameters')),
    body: converter.convert(node.childForFieldName('body'), depth),
    line: lineOf(node),
  }),
  list: (converter, node, depth) => sequence(converter, node, { form: 'list', depth }),
  tuple: (converter, node, depth) => sequence(converter, node, { form: 'tuple', depth }),
  expression_list: (converter, node, depth) => sequence(converter, node, { form: 'tuple', depth }),
  pattern_list: (converter, node, depth) => sequence(converter, node, { form: 'tuple', depth }),
  tuple_pattern: (converter, node, depth) => sequence(converter, node, { form: 'tuple', depth }),
  list_pattern: (converter, node, depth) => sequence(converter, node, { form: 'list', depth }),
  set: (converter, node, depth) => sequence(converter, node, { form: 'set', depth }),
  dictionary: (converter, node, depth) => dictionaryOf(converter, node, depth),
  list_comprehension: (converter, node, depth) => comprehension(converter, node, { form: 'list', depth }),
  set_comprehension: (converter, node, depth) => comprehension(converter, node, { form: 'set', depth }),
  generator_expression: (converter, node, depth) =>
    comprehension(converter, node, { form: 'generator', depth }),
  dictionary_comprehension: (converter, node, depth) => mappingOf(converter, node, depth),
  await: (converter, node, depth) => ({
    kind: 'await',
    operand: converter.convert(codeChildren(node)[0] ?? null, depth),
    line: lineOf(node),
  }),
  named_expression: (converter, node, depth) => ({
    kind: 'walrus',
    name: node.childForFieldName('name')?.text ?? '',
    value: converter.convert(node.childForFieldName('value'), depth),
    line: lineOf(node),
  }),
  list_splat: (converter, node, depth) => star(converter, node, depth),
  list_splat_pattern: (converter, node, depth) => star(converter, node, depth),
  yield: (converter, node, depth) => {
    const [value] = codeChildren(node);
    return {
      kind: 'yield',
      value: value === undefined ? null : converter.convert(value, depth),
      from: node.children.some(({ type }) => type === 'from'),
      line: lineOf(node),
    };
  },
  ellipsis: (_, node) => ({ kind: 'other', reason: 'an ellipsis', line: lineOf(node) }),
};

function numberOf(node: SyntaxNode): Expr {
  const number = parsePythonNumber(node.text);
  return number === null || (number.isInteger && !Number.isSafeInteger(number.value))
    ? { kind: 'other', reason: 'a number that the reader cannot hold', line: lineOf(node) }
    : {
        kind: 'number',
        token: { ...number, start: node.startIndex, end: node.endIndex },
        line: lineOf(node),
      };
}

/** A sign in front of a numeral belongs to the numeral, as people who edit it see it. */
function unaryOf(converter: Converter, node: SyntaxNode, depth: number): Expr {
  const operator = (node.childForFieldName('operator')?.type ?? '-') as '-' | '+' | '~';
  const argument = node.childForFieldName('argument');
  const isNumeral = argument?.type === 'integer' || argument?.type === 'float';
  if (isNumeral && operator !== '~') {
    return numberOf(node);
  }
  return { kind: 'unary', operator, operand: converter.convert(argument, depth), line: lineOf(node) };
}

function star(converter: Converter, node: SyntaxNode, depth: number): Expr {
  return {
    kind: 'star',
    operand: converter.convert(codeChildren(node)[0] ?? null, depth),
    line: lineOf(node),
  };
}

function subscriptOf(converter: Converter, node: SyntaxNode, depth: number): Expr {
  const line = lineOf(node);
  const object = node.childForFieldName('value');
  const indices = codeChildren(node).filter((child) => child.id !== object?.id);
  const [first] = indices;
  const isTuple = indices.length > 1 || node.children.some(({ type }) => type === ',');
  const index: Expr = isTuple
    ? { kind: 'sequence', form: 'tuple', items: indices.map((item) => converter.convert(item, depth)), line }
    : converter.convert(first ?? null, depth);
  return { kind: 'subscript', object: converter.convert(object, depth), index, line };
}

function sliceParts(converter: Converter, node: SyntaxNode, depth: number): (Expr | null)[] {
  const parts: (Expr | null)[] = [null];
  for (const child of node.children) {
    if (child.type === ':') {
      parts.push(null);
    } else if (child.isNamed && child.type !== 'comment') {
      parts[parts.length - 1] = converter.convert(child, depth);
    }
  }
  return parts;
}

function comparisonOf(converter: Converter, node: SyntaxNode, depth: number): Expr {
  const operands = codeChildren(node);
  const operators = node.children
    .filter((child) => !child.isNamed || child.type === 'not in' || child.type === 'is not')
    .map(({ type }) => (type === '<>' ? '!=' : type) as ComparisonOperator);
  const rest = operands.slice(1).map((operand, index) => ({
    operator: operators[index] ?? ('==' as const),
    operand: converter.convert(operand, depth),
    line: lineOf(operand),
  }));
  return {
    kind: 'comparison',
    first: converter.convert(operands[0] ?? null, depth),
    rest,
    line: lineOf(node),
  };
}

function sequence(
  converter: Converter,
  node: SyntaxNode,
  { form, depth }: { form: 'list' | 'tuple' | 'set'; depth: number },
): Expr {
  const items = codeChildren(node).map((item) => converter.convert(item, depth));
  return { kind: 'sequence', form, items, line: lineOf(node) };
}

function dictionaryOf(converter: Converter, node: SyntaxNode, depth: number): Expr {
  const entries = codeChildren(node).map((child) =>
    child.type === 'pair'
      ? {
          key: converter.convert(child.childForFieldName('key'), depth),
          value: converter.convert(child.childForFieldName('value'), depth),
        }
      : { key: null, value: converter.convert(codeChildren(child)[0] ?? null, depth) },
  );
  return { kind: 'dictionary', entries, line: lineOf(node) };
}

function clausesOf(converter: Converter, node: SyntaxNode, depth: number): Clause[] {
  const clauses: Clause[] = [];
  for (const child of codeChildren(node)) {
    if (child.type === 'for_in_clause') {
      clauses.push({
        target: converter.convert(child.childForFieldName('left'), depth),
        iterable: converter.convert(child.childForFieldName('right'), depth),
        conditions: [],
      });
    } else if (child.type === 'if_clause') {
      clauses.at(-1)?.conditions.push(converter.convert(codeChildren(child)[0] ?? null, depth));
    }
  }
  return clauses;
}

function comprehension(
  converter: Converter,
  node: SyntaxNode,
  { form, depth }: { form: 'list' | 'set' | 'generator'; depth: number },
): Expr {
  const element = converter.convert(node.childForFieldName('body'), depth);
  return {
    kind: 'comprehension',
    form,
    element,
    clauses: clausesOf(converter, node, depth),
    line: lineOf(node),
  };
}

function mappingOf(converter: Converter, node: SyntaxNode, depth: number): Expr {
  const pair = node.childForFieldName('body');
  return {
    kind: 'mapping',
    key: converter.convert(pair?.childForFieldName('key') ?? null, depth),
    value: converter.convert(pair?.childForFieldName('value') ?? null, depth),
    clauses: clausesOf(converter, node, depth),
    line: lineOf(node),
  };
}

function argumentsOf(converter: Converter, node: SyntaxNode | null, depth: number): Argument[] {
  if (node === null) {
    return [];
  }
  if (node.type === 'generator_expression') {
    return [{ name: null, star: '', value: converter.convert(node, depth) }];
  }
  return codeChildren(node).map((child): Argument => {
    if (child.type === 'keyword_argument') {
      const name = child.childForFieldName('name')?.text ?? '';
      return { name, star: '', value: converter.convert(child.childForFieldName('value'), depth) };
    }
    const isStar = child.type === 'list_splat' || child.type === 'dictionary_splat';
    const value = isStar ? (codeChildren(child)[0] ?? null) : child;
    const stars = child.type === 'dictionary_splat' ? '**' : '*';
    return { name: null, star: isStar ? stars : '', value: converter.convert(value, depth) };
  });
}
