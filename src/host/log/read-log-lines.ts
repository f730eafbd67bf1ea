import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

import { isAbsent } from '../run-directory/files.ts';

export interface LogLines {
  /** Bytes that are no UTF-8 are replaced. */
  text: string;
  /** Where the next lines begin, bytes. */
  offset: number;
  /** True when nothing is left behind them. */
  all: boolean;
}

/**
 * The lines of a log from a place on, as many as fit into `limit` bytes: up to the last line end, since the rest of a
 * line that is being written tells nothing yet. A progress bar ends its lines with a carriage return alone. A line
 * that is longer than the limit is cut, between characters. A log that does not exist yet has no lines; a link is not
 * followed.
 *
 * @param options `ended` true where nobody writes any more: then the last line needs no end
 */
export async function readLogLines(
  path: string,
  options: { offset: number; limit: number; ended: boolean },
): Promise<LogLines> {
  const { offset, limit, ended } = options;
  const bytes = await readBytes(path, offset, limit);
  const full = bytes.length === limit;
  const lines = ended && !full ? bytes.length : lastLineEnd(bytes);
  const length = lines === 0 && full ? wholeCharacters(bytes) : lines;
  return {
    text: bytes.toString('utf8', 0, length),
    offset: offset + length,
    all: !full && length === bytes.length,
  };
}

async function readBytes(path: string, offset: number, limit: number): Promise<Buffer> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const buffer = Buffer.alloc(limit);
      let length = 0;
      for (;;) {
        const { bytesRead } = await file.read(buffer, length, limit - length, offset + length);
        length += bytesRead;
        if (bytesRead === 0 || length === limit) return buffer.subarray(0, length);
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    if (isAbsent(error)) return Buffer.alloc(0);
    throw error;
  }
}

function lastLineEnd(bytes: Buffer): number {
  return Math.max(bytes.lastIndexOf('\n'), bytes.lastIndexOf('\r')) + 1;
}

/** Length without a character of UTF-8 that is not there as a whole; at least 1. */
function wholeCharacters(bytes: Buffer): number {
  for (let back = 1; back <= 3; back += 1) {
    const byte = bytes.at(-back) ?? 0;
    if (byte < 0x80) break;
    if (byte < 0xc0) continue;
    const wanted = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return wanted > back && bytes.length > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}
