import { open } from 'node:fs/promises';
import { stripVTControlCharacters } from 'node:util';

import { redactSecrets } from '../../domain/secrets/redact-secrets.ts';
import { shown } from '../../domain/untrusted/cut-text.ts';

const lookedAtBytes = 16 * 1024;
const mostLines = 12;

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
        .map((line) => readable(line.slice(line.lastIndexOf('\r') + 1)))
        .filter((line) => line.trim() !== '')
        .slice(-mostLines);
    } finally {
      await file.close();
    }
  } catch {
    return [];
  }
}

/** Colours would only be noise as codes; whatever else acts is shown. */
function readable(line: string): string {
  return shown(redactSecrets(stripVTControlCharacters(line)));
}
