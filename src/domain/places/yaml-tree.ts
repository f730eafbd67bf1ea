import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  Scalar,
  visit,
  type Document,
  type Pair,
  type YAMLMap,
} from 'yaml';

import { DataFileProblem } from './data-problem.ts';
import type { DataFile, LiteralTree, OpaqueTree, TableRow, TableTree } from './literal-tree.ts';
import { readYamlNumber } from './number-text.ts';
import type { SourceSpan } from './source-position.ts';
import { textIndex } from './text-index.ts';

/** Deepest nesting that is read; places end long before. */
const maxDepth = 200;

interface Source {
  text: string;
  spanOf: (start: number, end: number) => SourceSpan;
  /** Anchors that an alias or a merge refers to: what they hold counts in other places as well. */
  shared: ReadonlySet<string>;
  obstacles: Map<number, string>;
}

/**
 * Reads a YAML text; every number keeps its range. What an anchor shares with an alias is read, but has an obstacle: writing
 * it would change the value in other places.
 *
 * @throws DataFileProblem for text that is not YAML, several documents, and a key that stands twice
 */
export function parseYamlTree(text: string): DataFile {
  const shift = text.startsWith('\uFEFF') ? 1 : 0;
  const bare = /\r(?!\n)/.exec(text);
  const index = textIndex(text);
  if (bare !== null) {
    throw new DataFileProblem('a carriage return without a line feed', index(bare.index, bare.index));
  }
  const lines = new LineCounter();
  const documents = parseAllDocuments(text.slice(shift), {
    lineCounter: lines,
    prettyErrors: false,
    version: '1.2',
  });
  const [document, second] = Array.isArray(documents) ? documents : [];
  if (document === undefined || document.contents === null) {
    throw new DataFileProblem('the file is empty');
  }
  for (const { errors } of Array.isArray(documents) ? documents : []) {
    const [error] = errors;
    if (error !== undefined) {
      const at = error.pos[0] + shift;
      const message = error.message.split('\n')[0]?.slice(0, 200) ?? '';
      throw new DataFileProblem(`not valid YAML: ${message}`, index(at, at));
    }
  }
  if (second !== undefined) {
    throw new DataFileProblem('the file has several documents, so a place does not say which one is meant');
  }
  const spanOf: Source['spanOf'] = (start, end) => index(start + shift, end + shift);
  const source: Source = {
    text: text.slice(shift),
    spanOf,
    shared: referencedAnchors(document, spanOf),
    obstacles: new Map(),
  };
  return { tree: treeOf(document.contents, source, { depth: 0, anchor: null }), obstacles: source.obstacles };
}

/** @throws DataFileProblem for an alias of an anchor that the file does not have */
function referencedAnchors(document: Document.Parsed, spanOf: Source['spanOf']): Set<string> {
  const anchors = new Set<string>();
  const aliases = new Map<string, number>();
  visit(document, {
    Alias: (_key, alias) => {
      aliases.set(alias.source, alias.range?.[0] ?? 0);
    },
    Value: (_key, node) => {
      if (node.anchor !== undefined) anchors.add(node.anchor);
    },
  });
  for (const [name, start] of aliases) {
    if (!anchors.has(name)) {
      throw new DataFileProblem(`not valid YAML: *${name} has no anchor`, spanOf(start, start));
    }
  }
  return new Set(aliases.keys());
}

interface Position {
  depth: number;
  /** The shared anchor that the node is part of. */
  anchor: string | null;
}

function treeOf(node: unknown, source: Source, position: Position): LiteralTree {
  const start = startOf(node);
  const { line, column } = source.spanOf(start, start);
  if (position.depth > maxDepth) {
    throw new DataFileProblem(`nested more than ${maxDepth} levels deep`, { line, column });
  }
  const own = isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined;
  const anchor = own !== undefined && source.shared.has(own) ? own : position.anchor;
  const below = { depth: position.depth + 1, anchor };
  if (isMap(node)) {
    return { ...tableOf(node, source, below), line, column };
  }
  if (isSeq(node)) {
    const items = node.items.map((item) => treeOf(item, source, below));
    return { kind: 'collection', items, hasSplat: false, line, column };
  }
  if (isAlias(node)) {
    return { kind: 'computed', text: `*${node.source}`, keys: [], line, column };
  }
  return isScalar(node)
    ? scalarTree(node, source, anchor)
    : { kind: 'computed', text: 'no value', keys: [], line, column };
}

function startOf(node: unknown): number {
  return isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? (node.range?.[0] ?? 0) : 0;
}

function scalarTree(node: Scalar, source: Source, anchor: string | null): LiteralTree {
  const [start, end] = node.range ?? [0, 0];
  const span = source.spanOf(start, end);
  const written = source.text.slice(start, end);
  const isQuoted = node.type === Scalar.QUOTE_SINGLE || node.type === Scalar.QUOTE_DOUBLE;
  const inner = isQuoted ? written.slice(1, -1) : written;
  const isPlainType = node.tag === undefined && (isQuoted || node.type === Scalar.PLAIN);
  const number = isPlainType ? readYamlNumber(inner) : null;
  if (number !== null) {
    const at = isQuoted ? source.spanOf(start + 1, end - 1) : span;
    if (anchor !== null) {
      source.obstacles.set(at.startByte, `is shared with other places through the anchor &${anchor}`);
    }
    return {
      kind: 'number',
      text: inner,
      ...number,
      ...(isQuoted ? { quoted: 'float' as const } : {}),
      ...at,
    };
  }
  if (node.value === null && node.tag === undefined && /^(?:null|Null|NULL|~)$/.test(written)) {
    return { kind: 'none', text: written, ...span };
  }
  return opaque(node, written, span);
}

function opaque(node: Scalar, written: string, { line, column }: SourceSpan): OpaqueTree {
  const text = written.replaceAll(/\s+/g, ' ').slice(0, 60);
  const kind =
    typeof node.value === 'boolean' ? 'boolean' : typeof node.value === 'string' ? 'string' : 'computed';
  return { kind, text: text === '' ? 'no value' : text, keys: [], line, column };
}

function tableOf(map: YAMLMap, source: Source, below: Position): Omit<TableTree, 'line' | 'column'> {
  const rows: TableRow[] = [];
  const seen = new Map<string, number>();
  let isMerged = false;
  for (const pair of map.items) {
    const name = keyText(pair);
    const at = startOf(pair.key);
    const { line, column } = source.spanOf(at, at);
    if (name === '<<' && isScalar(pair.key) && pair.key.type === Scalar.PLAIN) {
      isMerged = true;
      continue;
    }
    if (name !== null && seen.has(name)) {
      throw new DataFileProblem(`the key ${JSON.stringify(name)} stands twice in one map`, { line, column });
    }
    const key = name === null ? null : { kind: 'string' as const, value: name };
    if (name !== null) {
      seen.set(name, line);
    }
    rows.push({
      key,
      keyText: (name ?? '?').slice(0, 60),
      value: treeOf(pair.value, source, below),
      line,
      column,
    });
  }
  // A key that is itself a map or a list cannot be equal to a text, so it hides no other.
  const spelt = rows.filter(({ key }) => key !== null);
  return {
    kind: 'dictionary',
    rows: spelt,
    hasSplat: false,
    ...(isMerged ? { isMerged: true as const } : {}),
  };
}

/** A key as it is written, so that `8` and `08` stay apart; null for one that is no scalar. */
function keyText({ key }: Pair): string | null {
  if (!isScalar(key)) {
    return null;
  }
  return typeof key.value === 'string' ? key.value : (key.source ?? String(key.value));
}
