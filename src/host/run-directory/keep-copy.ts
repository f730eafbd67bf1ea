import { basename, dirname, join } from 'node:path';

import { namesIn, readIfPresent } from './file-entries.ts';
import { writeFileAtomic } from './write-atomic.ts';

/**
 * Writes `content` beside `path` as `<path>.1`, `.2`, …, unless one of them holds it already: an earlier version of a file
 * stays when a newer one takes its place. Twice equals once.
 *
 * @returns the name under which it is kept
 * @throws CalibError when the file system refuses
 */
export async function keepCopy(path: string, content: Buffer): Promise<string> {
  const folder = dirname(path);
  const prefix = `${basename(path)}.`;
  const numbers = (await namesIn(folder)).flatMap((name) => {
    const number = name.startsWith(prefix) ? name.slice(prefix.length) : '';
    return /^[1-9]\d*$/.test(number) ? [Number(number)] : [];
  });
  for (const number of numbers) {
    const kept = await readIfPresent(join(folder, `${prefix}${number}`));
    if (kept?.equals(content)) return `${prefix}${number}`;
  }
  const name = `${prefix}${Math.max(0, ...numbers) + 1}`;
  await writeFileAtomic(join(folder, name), content);
  return name;
}
