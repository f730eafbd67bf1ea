import { posix } from 'node:path';

import { parseThresholdSource } from '../../domain/apply/thresholds.ts';
import type { ContextBinding } from '../../domain/discovery/source-facts.ts';
import { type StageDefinition, thresholdFileOf } from '../../domain/stages/stage.ts';
import { readContextBindings } from '../../python/read-source-facts.ts';
import { type ImportOrigin, readNamedNumber } from '../../python/imported-name.ts';
import { openThresholdFile } from '../places/threshold-file.ts';

/** Text of a repository-relative file as the session commit has it; null where it has none. */
export type ReadAtCommit = (path: string) => Promise<string | null>;

/** Modules that only hand a constant on are followed this far. */
const mostHops = 4;

/**
 * The context bindings of a test file, with the numbers of constants that it imports: the modules are looked for where the
 * test's imports may find them. A name whose number is not certain keeps its `literal: null`.
 *
 * @param test repository-relative POSIX path
 * @returns null where the commit has no such file
 */
export async function readContext(read: ReadAtCommit, test: string): Promise<ContextBinding[] | null> {
  const source = await read(test);
  if (source === null) return null;
  const bindings: ContextBinding[] = [];
  for (const binding of readContextBindings(source)) {
    const imported =
      binding.literal === null && binding.name !== null
        ? await followedNumber({ read, path: test, name: binding.name, hops: 0 })
        : null;
    bindings.push(imported === null ? binding : { ...binding, literal: imported });
  }
  return bindings;
}

interface Followed {
  read: ReadAtCommit;
  path: string;
  name: string;
  hops: number;
}

async function followedNumber({ read, path, name, hops }: Followed): Promise<string | null> {
  const source = await read(path);
  const found = source === null ? ({ kind: 'unknown' } as const) : readNamedNumber(source, name);
  if (found.kind === 'number') return found.text;
  if (found.kind === 'unknown' || hops >= mostHops) return null;
  const numbers = new Set<string | null>();
  for (const candidate of candidates(path, found.origin)) {
    if ((await read(candidate)) === null) continue;
    numbers.add(await followedNumber({ read, path: candidate, name: found.origin.name, hops: hops + 1 }));
  }
  // Two files that could be meant and disagree: which one Python would take depends on the machine.
  const [only, second] = [...numbers];
  return second === undefined ? (only ?? null) : null;
}

/**
 * Files that an import may mean. Absolute ones are sought from the repository's root, its `src`, and the folders between
 * the root and the importing file, one of which pytest puts on the path.
 */
function candidates(importer: string, { module, level }: ImportOrigin): string[] {
  const parts = module === '' ? [] : module.split('.');
  const folders = foldersAbove(importer);
  const own = folders[level - 1];
  const bases = level === 0 ? [...folders, 'src'] : own === undefined ? [] : [own];
  const paths = bases.flatMap((base) => {
    const path = posix.join(base, ...parts);
    return parts.length === 0
      ? [posix.join(path, '__init__.py')]
      : [`${path}.py`, posix.join(path, '__init__.py')];
  });
  return [...new Set(paths)].filter((path) => path !== importer);
}

/** The folder of a file and all above it, the root as `.` last. */
function foldersAbove(path: string): string[] {
  const folders: string[] = [];
  for (let folder = posix.dirname(path); ; folder = posix.dirname(folder)) {
    folders.push(folder);
    if (folder === posix.dirname(folder)) return folders;
  }
}

/**
 * The key under which a stage's table holds its thresholds (`_X_P95[16]`): the concurrency that they are for, where all of
 * the stage's nested literals agree on it; null for a stage without any.
 */
export async function readTableKey(read: ReadAtCommit, stage: StageDefinition): Promise<number | null> {
  const nested = Object.values(stage.metrics)
    .map(({ source }) => source)
    .filter((source) => parseThresholdSource(source).kind === 'nested');
  if (nested.length === 0) return null;
  const [test, holder] = [await read(stage.test), await read(thresholdFileOf(stage))];
  if (holder === null) return null;
  const encoder = new TextEncoder();
  const reader = openThresholdFile(encoder.encode(holder), thresholdFileOf(stage));
  const concurrency =
    openThresholdFile(encoder.encode(test ?? ''), stage.test).concurrency ?? reader.concurrency;
  const keys = new Set(
    nested.map((source) => {
      const literal = reader.locate(source, concurrency);
      return literal.kind === 'found' ? literal.concurrencyUsed : null;
    }),
  );
  const [only, second] = [...keys];
  return second === undefined ? (only ?? null) : null;
}
