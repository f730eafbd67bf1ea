import { Buffer } from 'node:buffer';

import type { SyntaxNode } from 'tree-sitter';

import type { SourcePosition, SourceSpan } from '../domain/discovery/source-facts.ts';

/** Translates tree-sitter's UTF-16 offsets into places of the UTF-8 file. */
export interface SourceIndex {
  positionOf(node: SyntaxNode): SourcePosition;
  spanOf(node: SyntaxNode): SourceSpan;
}

/**
 * @param source the whole file as decoded text; a byte-order mark, if the file has one, still in front, so that byte
 *   offsets are those of the file
 */
export function sourceIndex(source: string): SourceIndex {
  // eslint-disable-next-line no-control-regex -- the ASCII range is what is meant
  const isAscii = /^[\0-\u007F]*$/.test(source);
  let lineStartBytes: number[] | undefined;

  const byteOf = (index: number, row: number, column: number): number => {
    if (isAscii) {
      return index;
    }
    lineStartBytes ??= measureLines(source);
    return (lineStartBytes[row] ?? 0) + Buffer.byteLength(source.slice(index - column, index));
  };

  const positionOf = (node: SyntaxNode): SourcePosition => {
    const { row, column } = node.startPosition;
    const before = source.slice(node.startIndex - column, node.startIndex).replace(/^\uFEFF/, '');
    return { line: row + 1, column: (isAscii ? before.length : Array.from(before).length) + 1 };
  };

  return {
    positionOf,
    spanOf: (node) => ({
      ...positionOf(node),
      startByte: byteOf(node.startIndex, node.startPosition.row, node.startPosition.column),
      endByte: byteOf(node.endIndex, node.endPosition.row, node.endPosition.column),
    }),
  };
}

/** Byte offset at which each line starts; tree-sitter ends a line at LF only. */
function measureLines(source: string): number[] {
  const starts = [0];
  let bytes = 0;
  for (const line of source.split('\n')) {
    bytes += Buffer.byteLength(line) + 1;
    starts.push(bytes);
  }
  return starts;
}
