import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { ThreadData } from './read-python-thread.ts';
import { type PythonFile, readPythonFile } from './read-python-file.ts';

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
  /** Called with each file as soon as it is read, in any order: work that would else wait for the last one. */
  onFile?: (file: PythonFile) => void;
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
  const { realRoot, paths, onFile } = question;
  const files = new Map<string, PythonFile>();
  const keep = (path: string, file: PythonFile) => {
    files.set(path, file);
    onFile?.(file);
  };
  const batches = batchesOf(paths);
  if (threads > 1) {
    await Promise.all(Array.from({ length: threads }, async () => serveThread({ realRoot, batches, keep })));
  }
  // All of them without threads; with threads, those of a thread that could not be started or broke off.
  for (const batch of batchesOf(paths.filter((path) => !files.has(path)))) {
    for (const path of batch) {
      keep(path, readPythonFile({ realRoot, path }));
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
  keep: (path: string, file: PythonFile) => void;
}): Promise<void> {
  const { realRoot, batches, keep } = share;
  const program = new URL(`./read-python-thread${extension}`, import.meta.url);
  const thread = new Worker(program, { workerData: { realRoot } satisfies ThreadData });
  const answerTo = async (batch: string[]): Promise<PythonFile[]> => {
    const answered = once(thread, 'message');
    // eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    thread.postMessage(batch);
    const [answer] = (await answered) as [PythonFile[]];
    return answer;
  };
  try {
    let batch = batches.shift();
    let asked = batch === undefined ? undefined : answerTo(batch);
    while (batch !== undefined && asked !== undefined) {
      const [read, answer] = [batch, await asked];
      // The thread goes on reading while this one works on what it has read.
      batch = batches.shift();
      asked = batch === undefined ? undefined : answerTo(batch);
      read.forEach((path, index) => {
        const file = answer[index];
        if (file !== undefined) keep(path, file);
      });
    }
  } catch {
    // `once` rejects with the thread's own error; reading the file here will meet it again, if it was the file's.
  } finally {
    await thread.terminate();
  }
}
