import { readSync } from 'node:fs';

/**
 * The first bytes of an open file, however much is written to it meanwhile.
 *
 * @param sizeBytes how many; fewer where the file became shorter
 */
export function readBounded(fd: number, sizeBytes: number): Buffer {
  const buffer = Buffer.allocUnsafe(sizeBytes);
  let length = 0;
  while (length < sizeBytes) {
    const read = readSync(fd, buffer, length, sizeBytes - length, length);
    if (read === 0) break;
    length += read;
  }
  return buffer.subarray(0, length);
}
