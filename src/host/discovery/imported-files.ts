import { existsSync, readFileSync, statSync } from 'node:fs';
import { posix } from 'node:path';

import { maxSourceBytes } from '../../domain/places/place.ts';
import { type ImportedModule, readImports } from '../../python/imports.ts';

/** Files of a checkout that are followed at most, so that a generated one cannot make this endless. */
const maxFiles = 20_000;

/** Gives the files that a file of the checkout imports, itself and further imports included. */
export type ImportReader = (path: string) => ReadonlySet<string>;

/**
 * Reads which files of a checkout a Python file depends on by its imports: plain ones, `from` imports, relative ones, the
 * packages they are in, and pytest's `conftest.py` of its folders. Nothing is executed, and nothing outside of the checkout
 * is looked at; absolute names are looked for at the root, in `src/` and beside the importing file and the folders above it.
 *
 * @param repoRoot absolute
 */
export function importReader(repoRoot: string): ImportReader {
  const direct = new Map<string, readonly string[]>();
  const isFile = (path: string) =>
    existsSync(posix.join(repoRoot, path)) && statSync(posix.join(repoRoot, path)).isFile();
  const importsOf = (path: string): readonly string[] => {
    const known = direct.get(path);
    if (known !== undefined) return known;
    const found = readSource(posix.join(repoRoot, path)).flatMap((imported) =>
      resolveImport({ path, imported, isFile }),
    );
    direct.set(path, found);
    return found;
  };
  return (path) => {
    const reached = new Set<string>();
    // Whether they are there or not: one that was removed since changed the tests as well.
    const open = [path, ...loadedBeside(path)];
    for (let next = open.pop(); next !== undefined && reached.size < maxFiles; next = open.pop()) {
      if (reached.has(next)) continue;
      reached.add(next);
      if (next.endsWith('.py')) open.push(...importsOf(next));
    }
    return reached;
  };
}

function readSource(file: string): ImportedModule[] {
  try {
    const bytes = readFileSync(file);
    return bytes.byteLength > maxSourceBytes ? [] : readImports(bytes.toString('utf8'));
  } catch {
    return [];
  }
}

/** What pytest loads with a file: the `conftest.py` of its folders, and the packages that they are. */
function loadedBeside(path: string): string[] {
  return foldersAbove(path).flatMap((folder) =>
    ['conftest.py', '__init__.py'].map((name) => posix.join(folder, name)),
  );
}

/** The file's folder and those above it, the root (`.`) last. */
function foldersAbove(path: string): string[] {
  const folders: string[] = [];
  for (let folder = posix.dirname(path); ; folder = posix.dirname(folder)) {
    folders.push(folder);
    if (folder === '.') return folders;
  }
}

function resolveImport(question: {
  path: string;
  imported: ImportedModule;
  isFile: (path: string) => boolean;
}): string[] {
  const { path, imported, isFile } = question;
  const { level, module, names } = imported;
  const above = foldersAbove(path);
  const bases = level === 0 ? [...above, 'src'] : above.slice(level - 1, level);
  const parts = module === '' ? [] : module.split('.');
  for (const base of bases) {
    const found = [
      ...modulesAlong({ base, parts, isFile }),
      ...names.flatMap((name) => moduleFile(posix.join(base, ...parts, name), isFile)),
    ];
    if (found.length > 0) return found;
  }
  return [];
}

/** The module itself and the packages that importing it runs first; none where the module is not there. */
function modulesAlong(place: {
  base: string;
  parts: readonly string[];
  isFile: (path: string) => boolean;
}): string[] {
  const { base, parts, isFile } = place;
  const paths = parts.map((_, index) => posix.join(base, ...parts.slice(0, index + 1)));
  const last = paths.at(-1);
  if (last === undefined) return moduleFile(base, isFile);
  const own = moduleFile(last, isFile);
  // A package is run where it has code, and its code may have been removed.
  const packages = paths.slice(0, -1).map((path) => posix.join(path, '__init__.py'));
  return own.length === 0 ? [] : [...packages, ...own];
}

function moduleFile(path: string, isFile: (path: string) => boolean): string[] {
  return [`${path}.py`, posix.join(path, '__init__.py')].filter(isFile).slice(0, 1);
}
