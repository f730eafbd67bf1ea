import { readdir, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';

/**
 * The files below a folder that a glob matches, as sorted relative POSIX paths. `*`, `?` and `[…]` stay inside a path
 * segment, `**` stands for any number of folders; none of them stands for a leading dot. A link that leads out of the
 * folder is not followed.
 *
 * @param root absolute path of an existing folder
 */
export async function expandGlob(root: string, glob: string): Promise<string[]> {
  const segments = glob.split('/').filter((segment) => segment !== '' && segment !== '.');
  const realRoot = await realpath(root);
  const found = new Set<string>();
  await descend({ realRoot, folder: realRoot, relative: '', segments, found });
  return [...found].sort();
}

interface Descent {
  realRoot: string;
  folder: string;
  /** Of the folder, below the root; empty for the root itself. */
  relative: string;
  segments: readonly string[];
  found: Set<string>;
}

async function descend(descent: Descent): Promise<void> {
  const { folder, relative, segments, found } = descent;
  const [segment, ...rest] = segments;
  if (segment === undefined || segment === '..') {
    return;
  }
  if (segment === '**') {
    await descend({ ...descent, segments: rest });
  }
  const matches = segment === '**' ? (name: string) => isVisible(name, segment) : segmentMatcher(segment);
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (!matches(entry.name)) {
      continue;
    }
    const path = relative === '' ? entry.name : `${relative}/${entry.name}`;
    const place = entry.isSymbolicLink()
      ? await placeInside(descent.realRoot, join(folder, entry.name))
      : { isFolder: entry.isDirectory(), path: join(folder, entry.name) };
    if (place === null) {
      continue;
    }
    if (!place.isFolder && rest.length === 0 && segment !== '**') {
      found.add(path);
    }
    // `**` does not follow links, so that a link to a parent folder does not go round in circles.
    if (place.isFolder && (segment !== '**' || !entry.isSymbolicLink())) {
      const next = segment === '**' ? segments : rest;
      await descend({ ...descent, folder: place.path, relative: path, segments: next });
    }
  }
}

/** Where a link leads, null when that is outside the root or nowhere. */
async function placeInside(
  realRoot: string,
  path: string,
): Promise<{ isFolder: boolean; path: string } | null> {
  const target = await realpath(path).catch(() => null);
  if (target === null || !`${target}${sep}`.startsWith(`${realRoot}${sep}`)) {
    return null;
  }
  const isFolder = await readdir(target).then(
    () => true,
    () => false,
  );
  return { isFolder, path: target };
}

const globPart = /\[(!?)(\]?[^\]/]*)\]|[*?]|[.+^${}()|\\[\]]/g;

function segmentMatcher(segment: string): (name: string) => boolean {
  const pattern = segment.replaceAll(globPart, (part, negated, set) => {
    if (part === '*') {
      return '.*';
    }
    if (part === '?') {
      return '.';
    }
    return typeof set === 'string'
      ? `[${negated === '!' ? '^' : ''}${set.replaceAll(/[\\^[\]]/g, '\\$&')}]`
      : `\\${part}`;
  });
  const expression = compiled(`^${pattern}$`);
  return (name) => expression !== null && isVisible(name, segment) && expression.test(name);
}

/** A set whose range runs backwards (`[z-a]`) matches nothing, as in Python. */
function compiled(pattern: string): RegExp | null {
  try {
    return new RegExp(pattern, 's');
  } catch {
    return null;
  }
}

/** As in a shell, a wildcard does not stand for a leading dot: copies in `.venv` or `.git` are no tests of the suite. */
function isVisible(name: string, segment: string): boolean {
  return !name.startsWith('.') || segment.startsWith('.');
}
