import { Buffer } from 'node:buffer';

import type { SyntaxNode } from 'tree-sitter';

import type { SourcePosition, SourceSpan } from '../domain/discovery/source-facts.ts';

/** Translates tree-sitter's UTF-16 offsets into places of the UTF-8 file. */
export interface SourceIndex {
  positionOf(node: SyntaxNode): SourcePosition;
  spanOf(node: SyntaxNode): SourceSpan;
}

/** Where a line starts, in UTF-16 units of the text and in bytes of the file. A line ends at LF only. */
interface LineStart {
  index: number;
  byte: number;
}

/**
 * Works from offsets alone: asking a node for its row and column crosses into native code each time.
 *
 * @param source the whole file as decoded text; a byte-order mark, if the file has one, still in front, so that byte
 *   offsets are those of the file
 */
export function sourceIndex(source: string): SourceIndex {
  // eslint-disable-next-line no-control-regex -- the ASCII range is what is meant
  const isAscii = /^[\0-\u007F]*$/.test(source);
  const lines = measureLines(source, isAscii);

  const placeOf = (index: number): { position: SourcePosition; byte: number } => {
    const row = rowOf(lines, index);
    const line = lines[row] ?? { index: 0, byte: 0 };
    const offset = index - line.index;
    if (isAscii) {
      return { position: { line: row + 1, column: offset + 1 }, byte: index };
    }
    const before = source.slice(line.index, index);
    const column = Array.from(before.replace(/^\uFEFF/, '')).length + 1;
    return { position: { line: row + 1, column }, byte: line.byte + Buffer.byteLength(before) };
  };

  return {
    positionOf: (node) => placeOf(node.startIndex).position,
    spanOf: (node) => {
      const start = placeOf(node.startIndex);
      return { ...start.position, startByte: start.byte, endByte: placeOf(node.endIndex).byte };
    },
  };
}

function measureLines(source: string, isAscii: boolean): LineStart[] {
  const lines: LineStart[] = [{ index: 0, byte: 0 }];
  let byte = 0;
  let index = 0;
  for (let end = source.indexOf('\n'); end !== -1; end = source.indexOf('\n', index)) {
    byte += isAscii ? end + 1 - index : Buffer.byteLength(source.slice(index, end + 1));
    index = end + 1;
    lines.push({ index, byte });
  }
  return lines;
}

/** The last line that starts at or before the offset. */
function rowOf(lines: readonly LineStart[], index: number): number {
  let [low, high] = [0, lines.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((lines[middle]?.index ?? 0) <= index) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}
