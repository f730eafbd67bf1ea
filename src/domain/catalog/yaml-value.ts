import { isAlias, isMap, isScalar, isSeq, type Document, type Node } from 'yaml';

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
 * @param keepsSourceText for the paths of which unquoted scalars stay as written (spec 01 §2)
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
  return { value: convert(document.contents, []), emptyKeys };
}
