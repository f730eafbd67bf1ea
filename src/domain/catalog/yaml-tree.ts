import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Document,
  type Node,
  type ParsedNode,
  type YAMLMap,
} from 'yaml';

/**
 * More than any catalog file has use for. Nested aliases count once for each place they expand to, so a small file
 * cannot blow up into a huge value, and a cyclic one ends.
 */
const maxAliasCount = 100;

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

function keyText(key: unknown): string {
  return isScalar(key)
    ? typeof key.value === 'string'
      ? key.value
      : (key.source ?? String(key.value))
    : String(key);
}

class AliasBudgetError extends Error {
  readonly node: Node;

  constructor(node: Node) {
    super('too many aliases');
    this.node = node;
  }
}

/** Turns nodes into plain values; scalars below a `sourceText` path keep their source text (spec 01 §2). */
function plainValue(document: Document, keepsSourceText: (path: readonly string[]) => boolean): unknown {
  let aliases = 0;
  const convert = (node: unknown, path: readonly string[]): unknown => {
    if (isAlias(node)) {
      aliases += 1;
      if (aliases > maxAliasCount) {
        throw new AliasBudgetError(node);
      }
      return convert(node.resolve(document), path);
    }
    if (isMap(node)) {
      const entries = node.items.map((pair): [string, unknown] => {
        const key = keyText(pair.key);
        return [key, convert(pair.value, [...path, key])];
      });
      // `key:` with nothing below it means "absent" (v0.6.0 read it as an empty map, spec 01 §2).
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
  return convert(document.contents, []);
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

/**
 * Parses one YAML 1.2 document.
 *
 * @param sourceTextPaths paths (`a.*.b`) below which an unquoted scalar stays as written: `1.0` → `"1.0"`
 */
export function readYamlTree(yaml: string, sourceTextPaths: readonly string[]): YamlTree {
  const lineCounter = new LineCounter();
  const document: Document<ParsedNode> | Document = parseDocument(yaml, { lineCounter, prettyErrors: false });
  const positionAt = (offset: number): Position => {
    const { line, col } = lineCounter.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const locate: YamlTree['locate'] = (path, part = 'value') =>
    positionAt(nodeAt(document, path, part)?.range?.[0] ?? 0);
  const problems = [...document.errors, ...document.warnings].map((issue) => ({
    ...positionAt(issue.pos[0]),
    message: issue.message.split('\n')[0] ?? issue.code,
  }));
  if (problems.length > 0) {
    return { problems, value: null, locate };
  }
  try {
    return { problems, value: plainValue(document, pathMatcher(sourceTextPaths)), locate };
  } catch (error) {
    if (!(error instanceof AliasBudgetError)) {
      throw error;
    }
    const message = `aliases expand to more than ${maxAliasCount} copies; write the values out`;
    return { problems: [{ ...positionAt(error.node.range?.[0] ?? 0), message }], value: null, locate };
  }
}
