/**
 * Where something stands in a file. Lines and columns count from 1; a column counts characters, a byte-order mark not among
 * them.
 */
export interface SourcePosition {
  line: number;
  column: number;
}

/** Byte offsets count in the UTF-8 file, a byte-order mark included. */
export interface SourceSpan extends SourcePosition {
  startByte: number;
  endByte: number;
}
