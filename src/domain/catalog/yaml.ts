import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type YAMLError,
  type YAMLMap,
} from 'yaml';
import { z } from 'zod';

function unwrap(schema: z.core.$ZodType | undefined): z.core.$ZodType | undefined {
  let current = schema;
  while (
    current instanceof z.ZodOptional ||
    current instanceof z.ZodDefault ||
    current instanceof z.ZodNullable ||
    current instanceof z.ZodPipe
  ) {
    current = current instanceof z.ZodPipe ? current.in : current.unwrap();
  }
  return current;
}

/**
 * The keys that a map of the schema may have at a path.
 *
 * @returns empty where the schema has no fixed keys (a map by name, a list, a scalar)
 */
export function keysAt(root: z.ZodType, path: readonly PropertyKey[]): string[] {
  let schema = unwrap(root);
  for (const segment of path) {
    if (schema instanceof z.ZodObject) {
      const shape: Record<string, z.core.$ZodType> = schema.shape;
      schema = unwrap(shape[String(segment)]);
    } else if (schema instanceof z.ZodRecord) {
      schema = unwrap(schema.valueType);
    } else if (schema instanceof z.ZodArray) {
      schema = unwrap(schema.element);
    } else {
      return [];
    }
  }
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

/**
 * More than any catalog file has use for. Nested aliases count once for each place they expand to, so a small file
 * cannot blow up into a huge value, and a cyclic one ends.
 */
const maxAliasCount = 100;

/** An alias that cannot be followed; `node` is where it stands. */
export class AliasError extends Error {
  readonly node: Node;

  constructor(message: string, node: Node) {
    super(message);
    this.node = node;
  }
}

/** A document as plain values. */
export interface PlainDocument {
  value: unknown;
  /** Paths of the keys with nothing below them, which are absent from the value. */
  emptyKeys: string[][];
}

/** The text of a map's key as it is written. */
export function keyText(key: unknown): string {
  return isScalar(key)
    ? typeof key.value === 'string'
      ? key.value
      : (key.source ?? String(key.value))
    : String(key);
}

/**
 * Turns nodes into plain values.
 *
 * @param keepsSourceText for the paths of which unquoted scalars stay as written
 * @throws AliasError for an alias to nothing, and for aliases that expand to too much
 */
export function plainDocument(
  document: Document,
  keepsSourceText: (path: readonly string[]) => boolean,
): PlainDocument {
  let aliases = 0;
  const emptyKeys: string[][] = [];
  const convert = (node: unknown, path: readonly string[]): unknown => {
    if (isAlias(node)) {
      aliases += 1;
      const target = node.resolve(document);
      if (target === undefined) {
        throw new AliasError(
          `the alias *${node.source} stands for nothing; no &${node.source} is before it`,
          node,
        );
      }
      if (aliases > maxAliasCount) {
        throw new AliasError(
          `aliases expand to more than ${maxAliasCount} copies; write the values out`,
          node,
        );
      }
      return convert(target, path);
    }
    if (isMap(node)) {
      const entries = node.items.map((pair): [string, unknown] => {
        const key = keyText(pair.key);
        return [key, convert(pair.value, [...path, key])];
      });
      emptyKeys.push(...entries.filter(([, value]) => value === null).map(([key]) => [...path, key]));
      // `key:` with nothing below it means "absent" (the original tool read it as an empty map).
      return Object.fromEntries(entries.filter(([, value]) => value !== null));
    }
    if (isSeq(node)) {
      return node.items.map((item, index) => convert(item, [...path, String(index)]));
    }
    if (isScalar(node)) {
      return typeof node.value !== 'string' && keepsSourceText(path) ? (node.source ?? '') : node.value;
    }
    return keepsSourceText(path) ? '' : null;
  };
  return { value: convert(document.contents, []), emptyKeys };
}

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
