import { open } from 'node:fs/promises';
import { stripVTControlCharacters } from 'node:util';

import { redactSecrets } from '../../domain/secrets/redact-secrets.ts';

const lookedAtBytes = 16 * 1024;
const mostLines = 12;
const longestLine = 200;

/** The last lines of a log that say something, at most twelve; none where it cannot be read. */
export async function lastLines(path: string): Promise<string[]> {
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      const buffer = Buffer.alloc(Math.min(size, lookedAtBytes));
      await file.read(buffer, 0, buffer.length, size - buffer.length);
      return buffer
        .toString('utf8')
        .split(/\r?\n/)
        .map((line) => harmlessLine(line.slice(line.lastIndexOf('\r') + 1), longestLine))
        .filter((line) => line.trim() !== '')
        .slice(-mostLines);
    } finally {
      await file.close();
    }
  } catch {
    return [];
  }
}

/** Text from outside as one line that no terminal acts on: no control or bidirectional characters, no secrets, cut. */
export function harmlessLine(text: string, limit: number): string {
  const plain = redactSecrets(stripVTControlCharacters(text).replaceAll(/[\p{Cc}\p{Bidi_Control}]/gu, ' '));
  return plain.length <= limit ? plain : `${plain.slice(0, limit - 1)}…`;
}
