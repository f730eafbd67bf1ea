import { once } from 'node:events';
import { readFileSync, realpathSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { extname, join, sep } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

import { type Finding, findingAt } from '../../domain/discovery/finding.ts';
import { noFacts } from '../../domain/discovery/source-facts.ts';
import type { ReadSource } from '../../domain/discovery/write-stage.ts';
import { DataFileProblem } from '../../domain/places/data-problem.ts';
import { listInData, readDataFile } from '../../domain/places/data-file.ts';
import { isDataFile, maxSourceBytes } from '../../domain/places/place.ts';
import { decodePythonSource } from '../../python/parse-module.ts';
import { readSourceFacts } from '../../python/read-source-facts.ts';
import { sha256Of } from '../run-directory/files.ts';
import type { ThreadData } from './read-python-thread.ts';

/** What is in a Python file, or why nothing can be read from it, with the line where there is one. Plain values. */
export type PythonFile = { source: ReadSource } | { finding: Finding };

/**
 * Reads and parses a Python file of the checkout. Synchronous: the parser is, and takes most of the time.
 *
 * @param place `realRoot` is the repository root with links resolved; `path` is relative to it and may not lead out
 * of it
 */
export function readPythonFile(place: { realRoot: string; path: string }): PythonFile {
  const { realRoot, path } = place;
  const real = attempt(() => realpathSync.native(join(realRoot, path)));
  if (real === null) {
    return unreadable(path, 'the file does not exist');
  }
  if (!real.startsWith(realRoot === sep ? sep : `${realRoot}${sep}`)) {
    return unreadable(path, 'the file is a link that leads out of the repository');
  }
  const bytes = attempt(() => readFileSync(real));
  return bytes === null ? unreadable(path, 'the file cannot be read') : parse(path, bytes);
}

function attempt<Value>(action: () => Value): Value | null {
  try {
    return action();
  } catch {
    return null;
  }
}

function unreadable(path: string, message: string): PythonFile {
  return {
    finding: findingAt(null, { kind: 'unreadable-file', severity: 'error', file: path, message }),
  };
}

function parse(path: string, bytes: Uint8Array): PythonFile {
  if (isDataFile(path)) {
    return parseData(path, bytes);
  }
  if (bytes.byteLength > maxSourceBytes) {
    return unreadable(path, `the file is larger than ${maxSourceBytes / 2 ** 20} MiB`);
  }
  const text = attempt(() => decodePythonSource(bytes, path));
  if (text === null) {
    return unreadable(path, 'the file is not UTF-8 text');
  }
  const result = readSourceFacts(text);
  if (result.kind === 'syntax-error') {
    const message = `the file is not valid Python: ${result.message}`;
    return { finding: findingAt(result, { kind: 'syntax-error', severity: 'error', file: path, message }) };
  }
  const sha256 = sha256Of(bytes);
  return { source: { path, sha256, facts: result.facts } };
}

/** A YAML or JSON file of thresholds holds nothing but literals. */
function parseData(path: string, bytes: Uint8Array): PythonFile {
  try {
    const literals = listInData(readDataFile(bytes, path), path);
    return { source: { path, sha256: sha256Of(bytes), facts: { ...noFacts, literals } } };
  } catch (error) {
    if (!(error instanceof DataFileProblem)) {
      throw error;
    }
    const { message, position } = error;
    return {
      finding: findingAt(position, { kind: 'syntax-error', severity: 'error', file: path, message }),
    };
  }
}

/** Files handed to a thread at a time: enough to hide the hand-over, few enough to end together. */
const batchSize = 16;
/** Starting a thread takes about as long as this many files. */
const filesPerThread = 100;
const maxThreads = 4;

/** From source there is no thread: a thread does not inherit the loader that lets this one read TypeScript. */
const extension = extname(import.meta.url);

export interface PythonFilesQuestion {
  /** Repository root with links resolved. */
  realRoot: string;
  /** Relative to it. */
  paths: readonly string[];
}

/**
 * Reads and parses Python files of a checkout, many of them on several threads; the result has the order of the paths.
 *
 * @param threads how many threads to take; 1 means this one alone; by default as many as pay
 */
export async function readPythonFiles(
  question: PythonFilesQuestion,
  threads = threadsFor(question.paths.length),
): Promise<PythonFile[]> {
  const { realRoot, paths } = question;
  const files = new Map<string, PythonFile>();
  const batches = batchesOf(paths);
  if (threads > 1) {
    await Promise.all(Array.from({ length: threads }, async () => serveThread({ realRoot, batches, files })));
  }
  // All of them without threads; with threads, those of a thread that could not be started or broke off.
  for (const batch of batchesOf(paths.filter((path) => !files.has(path)))) {
    for (const path of batch) {
      files.set(path, readPythonFile({ realRoot, path }));
    }
    await setImmediate();
  }
  return paths.flatMap((path) => files.get(path) ?? []);
}

function threadsFor(count: number): number {
  return extension === '.js'
    ? Math.min(maxThreads, availableParallelism(), Math.ceil(count / filesPerThread))
    : 1;
}

function batchesOf(paths: readonly string[]): string[][] {
  return Array.from({ length: Math.ceil(paths.length / batchSize) }, (_, index) =>
    paths.slice(index * batchSize, (index + 1) * batchSize),
  );
}

/** Takes batches from the common list until it is empty. A thread that fails leaves its batch to the caller. */
async function serveThread(share: {
  realRoot: string;
  batches: string[][];
  files: Map<string, PythonFile>;
}): Promise<void> {
  const { realRoot, batches, files } = share;
  const program = new URL(`./read-python-thread${extension}`, import.meta.url);
  const thread = new Worker(program, { workerData: { realRoot } satisfies ThreadData });
  try {
    for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
      const answered = once(thread, 'message');
      // eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      thread.postMessage(batch);
      const [answer] = (await answered) as [PythonFile[]];
      batch.forEach((path, index) => {
        const file = answer[index];
        if (file !== undefined) {
          files.set(path, file);
        }
      });
    }
  } catch {
    // `once` rejects with the thread's own error; reading the file here will meet it again, if it was the file's.
  } finally {
    await thread.terminate();
  }
}
