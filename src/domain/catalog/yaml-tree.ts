import {
  isAlias,
  isMap,
  isSeq,
  LineCounter,
  parseDocument,
  type Document,
  type Node,
  type YAMLError,
  type YAMLMap,
} from 'yaml';

import { AliasError, keyText, plainDocument } from './yaml-value.ts';

export interface Position {
  line: number;
  column: number;
}

/** A problem with the YAML itself, before any schema is looked at. */
export interface YamlProblem extends Position {
  message: string;
}

/** A parsed YAML file: its plain value, and where each part of it stands. */
export interface YamlTree {
  problems: YamlProblem[];
  value: unknown;
  /** Paths of keys with nothing below them; they are absent from the value. */
  emptyKeys: string[][];
  /** Position of the value at a path, or of the nearest part above it that exists. */
  locate: (path: readonly PropertyKey[], part?: 'key' | 'value') => Position;
}

/** `a.*.b`: `*` stands for one key or list index. */
function pathMatcher(patterns: readonly string[]): (path: readonly string[]) => boolean {
  const split = patterns.map((pattern) => pattern.split('.'));
  return (path) =>
    split.some(
      (segments) =>
        segments.length === path.length &&
        segments.every((segment, index) => segment === '*' || segment === path[index]),
    );
}

function pairOf(map: YAMLMap, segment: PropertyKey) {
  return map.items.find((pair) => keyText(pair.key) === String(segment));
}

function nodeAt(document: Document, path: readonly PropertyKey[], part: 'key' | 'value'): Node | null {
  let node: unknown = document.contents;
  for (const [index, segment] of path.entries()) {
    const resolved = isAlias(node) ? node.resolve(document) : node;
    let next: unknown;
    if (isMap(resolved)) {
      const pair = pairOf(resolved, segment);
      const wantsKey = (part === 'key' && index === path.length - 1) || pair?.value === null;
      next = wantsKey ? pair?.key : pair?.value;
    } else if (isSeq(resolved)) {
      next = resolved.items[Number(segment)];
    }
    if (next === undefined || next === null) {
      break;
    }
    node = next;
  }
  return (node as Node | null) ?? null;
}

/** The library's words, except where they speak of its own functions or leave out what is meant. */
function describeProblem(issue: YAMLError, yaml: string): string {
  switch (issue.code) {
    case 'MULTIPLE_DOCS':
      return 'a second document begins here; a file holds one';
    case 'DUPLICATE_KEY': {
      const key = /^[^:\n]*/.exec(yaml.slice(issue.pos[0]))?.[0].trim() ?? '';
      return `the key ${key} stands twice in one map`;
    }
    default:
      return issue.message.split('\n')[0] ?? issue.code;
  }
}

/**
 * Parses one YAML 1.2 document; a byte-order mark in front does not count.
 *
 * @param sourceTextPaths paths (`a.*.b`) below which an unquoted scalar stays as written: `1.0` → `"1.0"`
 */
export function readYamlTree(text: string, sourceTextPaths: readonly string[]): YamlTree {
  const yaml = text.replace(/^\uFEFF/, '');
  const lineCounter = new LineCounter();
  const document: Document = parseDocument(yaml, { lineCounter, prettyErrors: false });
  const positionAt = (offset: number): Position => {
    const { line, col } = lineCounter.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const locate: YamlTree['locate'] = (path, part = 'value') =>
    positionAt(nodeAt(document, path, part)?.range?.[0] ?? 0);
  const problems = [...document.errors, ...document.warnings].map((issue) => ({
    ...positionAt(issue.pos[0]),
    message: describeProblem(issue, yaml),
  }));
  if (problems.length > 0) {
    return { problems, value: null, emptyKeys: [], locate };
  }
  try {
    return { problems, ...plainDocument(document, pathMatcher(sourceTextPaths)), locate };
  } catch (error) {
    if (!(error instanceof AliasError)) {
      throw error;
    }
    const problem = { ...positionAt(error.node.range?.[0] ?? 0), message: error.message };
    return { problems: [problem], value: null, emptyKeys: [], locate };
  }
}
