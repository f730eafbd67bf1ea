import type { SyntaxNode } from 'tree-sitter';

import { parsePythonNumber } from '../../domain/numbers/python-numbers.ts';
import type { LiteralTree, NumberTree, RecordTree, TableTree } from '../../domain/places/literal-tree.ts';
import { codeChildren, isNumeral, plainString, withoutParentheses } from '../expression.ts';
import type { SourceIndex } from '../parse-module.ts';

/** Calls that give an environment variable or its default. */
const environmentLookups: ReadonlySet<string> = new Set([
  'os.environ.get',
  'os.getenv',
  'environ.get',
  'getenv',
]);
/** Calls around one dictionary that change nothing about what it holds. */
const transparent: ReadonlySet<string> = new Set([
  'MappingProxyType',
  'types.MappingProxyType',
  'OrderedDict',
]);

interface CallReading {
  call: SyntaxNode;
  index: SourceIndex;
  /** Reads an expression inside the call. */
  read: (part: SyntaxNode) => LiteralTree;
}

/**
 * A call that holds literals in places of their own: `dict(a=…)`, an instance of a class, `pytest.param(…)`, and the default
 * of an environment variable. Null for any other call: what it gives is computed.
 */
export function readCall(reading: CallReading): LiteralTree | null {
  const { call, index, read } = reading;
  const callee = call.childForFieldName('function')?.text ?? '';
  const list = call.childForFieldName('arguments');
  if (list === null || list.type !== 'argument_list' || callee.length > 200) {
    return null;
  }
  const args = codeChildren(list);
  if (callee === 'dict') {
    return readDict(reading, args);
  }
  if (transparent.has(callee) && args.length === 1 && args[0]?.type === 'dictionary') {
    return read(args[0]);
  }
  if (callee === 'pytest.param' || callee === 'param') {
    const values = args.filter(({ type }) => type !== 'keyword_argument');
    return {
      kind: 'collection',
      items: values.map((value) => read(value)),
      hasSplat: values.some(({ type }) => type === 'list_splat'),
      ...index.positionOf(call),
    };
  }
  const environment = readEnvironment(callee, args, index);
  if (environment !== null) {
    return environment;
  }
  return /(?:^|\.)_*\p{Lu}[\p{L}\p{N}_]*$/u.test(callee) ? readRecord(reading, callee, args) : null;
}

function readDict({ call, index, read }: CallReading, args: readonly SyntaxNode[]): TableTree {
  const keywords = args.filter(({ type }) => type === 'keyword_argument');
  return {
    kind: 'dictionary',
    rows: keywords.flatMap((keyword) => {
      const [name, value] = [keyword.childForFieldName('name'), keyword.childForFieldName('value')];
      const key = { kind: 'string' as const, value: name?.text ?? '' };
      return value === null
        ? []
        : [{ key, keyText: key.value, value: read(value), ...index.positionOf(keyword) }];
    }),
    // `dict(other, a=1)` takes keys from elsewhere.
    hasSplat: keywords.length < args.length,
    ...index.positionOf(call),
  };
}

/** Only an instance that holds a literal somewhere: any other is just computed. */
function readRecord({ call, index, read }: CallReading, type: string, args: readonly SyntaxNode[]) {
  const record: RecordTree = {
    kind: 'record',
    type,
    fields: [],
    positional: [],
    hasSplat: false,
    ...index.positionOf(call),
  };
  for (const argument of args) {
    if (argument.type === 'list_splat' || argument.type === 'dictionary_splat') {
      record.hasSplat = true;
    } else if (argument.type === 'keyword_argument') {
      const [name, value] = [argument.childForFieldName('name'), argument.childForFieldName('value')];
      if (name !== null && value !== null) {
        record.fields.push({ name: name.text, value: read(value), doubt: null });
      }
    } else {
      record.positional.push(read(argument));
    }
  }
  return holdsLiteral(record) ? record : null;
}

function holdsLiteral(tree: LiteralTree): boolean {
  switch (tree.kind) {
    case 'number':
    case 'none':
      return true;
    case 'dictionary':
      return tree.rows.some(({ value }) => holdsLiteral(value));
    case 'collection':
      return tree.items.some(holdsLiteral);
    case 'record':
      return tree.positional.some(holdsLiteral) || tree.fields.some(({ value }) => holdsLiteral(value));
    case 'choice':
      return tree.branches.some(({ value }) => holdsLiteral(value));
    default:
      return false;
  }
}

/** `float(os.environ.get("N", "0.68"))`: the literal is the default's text, without its quotes. */
function readEnvironment(callee: string, args: readonly SyntaxNode[], index: SourceIndex): NumberTree | null {
  if (environmentLookups.has(callee)) {
    return environmentDefault(args, 'float', index);
  }
  const [inner] = args;
  if ((callee !== 'float' && callee !== 'int') || inner === undefined || args.length > 1) {
    return null;
  }
  const lookup = withoutParentheses(inner);
  const list = lookup.type === 'call' ? lookup.childForFieldName('arguments') : null;
  const isLookup = environmentLookups.has(lookup.childForFieldName('function')?.text ?? '');
  return list !== null && isLookup ? environmentDefault(codeChildren(list), callee, index) : null;
}

function environmentDefault(
  args: readonly SyntaxNode[],
  converted: 'float' | 'int',
  index: SourceIndex,
): NumberTree | null {
  const [first, second] = args;
  const variable = first === undefined ? null : plainString(first);
  const given = second?.type === 'keyword_argument' ? second.childForFieldName('value') : (second ?? null);
  if (variable === null || given === null || args.length > 2) {
    return null;
  }
  const value = withoutParentheses(given);
  if (isNumeral(value)) {
    const number = parsePythonNumber(value.text);
    return number === null
      ? null
      : { kind: 'number', text: value.text, ...number, variable, ...index.spanOf(value) };
  }
  const content =
    value.type === 'string' ? value.namedChildren.find(({ type }) => type === 'string_content') : null;
  const text = plainString(value);
  if (content === null || content === undefined || text === null || content.text !== text) {
    return null;
  }
  const number = isNumberText(text, converted) ? parsePythonNumber(text) : null;
  return number === null
    ? null
    : { kind: 'number', text, ...number, variable, quoted: converted, ...index.spanOf(content) };
}

/** Whether `float("…")` or `int("…")` takes the text: neither hexadecimal nor white space after the sign. */
export function isNumberText(text: string, converted: 'float' | 'int'): boolean {
  return converted === 'int' ? /^[+-]?\d+(?:_\d+)*$/.test(text) : /^[+-]?[\d.][\d._eE+-]*$/.test(text);
}
