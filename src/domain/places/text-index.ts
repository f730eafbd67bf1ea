import type { SourceSpan } from './source-position.ts';

/**
 * Translates offsets of a decoded text into places of its UTF-8 file. Lines end at LF.
 *
 * @param text the whole file; a byte-order mark, if it has one, still in front
 * @returns a function from a range in UTF-16 units to its line, column and bytes
 */
export function textIndex(text: string): (start: number, end: number) => SourceSpan {
  const encoder = new TextEncoder();
  const lines = [{ index: 0, byte: 0 }];
  let byte = 0;
  for (let end = text.indexOf('\n'), from = 0; end !== -1; from = end + 1, end = text.indexOf('\n', from)) {
    byte += encoder.encode(text.slice(from, end + 1)).length;
    lines.push({ index: end + 1, byte });
  }
  const placeOf = (index: number): { line: number; column: number; byte: number } => {
    let [low, high] = [0, lines.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((lines[middle]?.index ?? 0) <= index) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    const line = lines[low] ?? { index: 0, byte: 0 };
    const before = text.slice(line.index, index);
    const column = Array.from(before.replace(/^\uFEFF/, '')).length + 1;
    return { line: low + 1, column, byte: line.byte + encoder.encode(before).length };
  };
  return (start, end) => {
    const { line, column, byte: startByte } = placeOf(start);
    return { line, column, startByte, endByte: placeOf(end).byte };
  };
}
