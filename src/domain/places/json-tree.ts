import { parseTree, printParseErrorCode, type Node, type ParseError } from 'jsonc-parser';

import { DataFileProblem } from './data-problem.ts';
import type { DataFile, LiteralTree, TableRow } from './literal-tree.ts';
import { readJsonNumber } from './number-text.ts';
import type { SourceSpan } from './source-position.ts';
import { textIndex } from './text-index.ts';

/** Deepest nesting that is read; places end long before. */
const maxDepth = 200;

type SpanOf = (start: number, end: number) => SourceSpan;

/**
 * Reads a JSON text; every number keeps its range.
 *
 * @param options `allowsComments`: also comments and trailing commas, as in `.jsonc` files
 * @throws DataFileProblem for text that is not JSON and for a key that stands twice
 */
export function parseJsonTree(text: string, options: { allowsComments: boolean }): DataFile {
  const shift = text.startsWith('\uFEFF') ? 1 : 0;
  const index = textIndex(text);
  const spanOf: SpanOf = (start, end) => index(start + shift, end + shift);
  const errors: ParseError[] = [];
  const { allowsComments } = options;
  const root = parseTree(text.slice(shift), errors, {
    disallowComments: !allowsComments,
    allowTrailingComma: allowsComments,
    allowEmptyContent: false,
  });
  const [error] = errors;
  if (error !== undefined || root === undefined) {
    const at = error?.offset ?? 0;
    const what = error === undefined ? 'it is empty' : printParseErrorCode(error.error);
    throw new DataFileProblem(`not valid JSON: ${what}`, spanOf(at, at));
  }
  return { tree: treeOf(root, { text: text.slice(shift), spanOf }, 0), obstacles: new Map() };
}

interface Source {
  text: string;
  spanOf: SpanOf;
}

function treeOf(node: Node, source: Source, depth: number): LiteralTree {
  if (depth > maxDepth) {
    throw new DataFileProblem(
      `nested more than ${maxDepth} levels deep`,
      source.spanOf(node.offset, node.offset),
    );
  }
  const span = source.spanOf(node.offset, node.offset + node.length);
  const { line, column } = span;
  const text = source.text.slice(node.offset, node.offset + node.length);
  switch (node.type) {
    case 'object':
      return { kind: 'dictionary', rows: rowsOf(node, source, depth), hasSplat: false, line, column };
    case 'array': {
      const items = (node.children ?? []).map((item) => treeOf(item, source, depth + 1));
      return { kind: 'collection', items, hasSplat: false, line, column };
    }
    case 'number': {
      const number = readJsonNumber(text);
      return number === null
        ? { kind: 'computed', text: text.slice(0, 60), keys: [], line, column }
        : { kind: 'number', text, ...number, ...span };
    }
    case 'null':
      return { kind: 'none', text, ...span };
    case 'string':
      return stringTree(text, source, node);
    default:
      return {
        kind: node.type === 'boolean' ? 'boolean' : 'computed',
        text: text.slice(0, 60),
        keys: [],
        line,
        column,
      };
  }
}

/** A text that is a number keeps its quotes: the suite converts it. */
function stringTree(text: string, { spanOf }: Source, node: Node): LiteralTree {
  const inner = text.slice(1, -1);
  const number = readJsonNumber(inner);
  const span = spanOf(node.offset + 1, node.offset + node.length - 1);
  return number === null
    ? {
        kind: 'string',
        text: text.slice(0, 60),
        keys: [],
        line: span.line,
        column: Math.max(1, span.column - 1),
      }
    : { kind: 'number', text: inner, ...number, quoted: 'float', ...span };
}

function rowsOf(node: Node, source: Source, depth: number): TableRow[] {
  const seen = new Set<string>();
  return (node.children ?? []).flatMap((property): TableRow[] => {
    const [key, value] = property.children ?? [];
    const name: unknown = key?.value;
    if (typeof name !== 'string' || value === undefined) {
      return [];
    }
    const { line, column } = source.spanOf(property.offset, property.offset);
    if (seen.has(name)) {
      throw new DataFileProblem(`the key ${JSON.stringify(name)} stands twice in one object`, {
        line,
        column,
      });
    }
    seen.add(name);
    const row = {
      key: { kind: 'string' as const, value: name },
      keyText: JSON.stringify(name).slice(0, 60),
      line,
      column,
    };
    return [{ ...row, value: treeOf(value, source, depth + 1) }];
  });
}
