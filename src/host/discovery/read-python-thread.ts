import { parentPort, workerData } from 'node:worker_threads';

import { readPythonFile, type PythonFile } from './read-python-file.ts';

/** What `read-python.ts` gives a thread when it starts it. */
export interface ThreadData {
  realRoot: string;
}

/** The program of a reading thread: a list of paths comes in, what is in the files goes out, in the same order. */
const { realRoot } = workerData as ThreadData;
parentPort?.on('message', (paths: readonly string[]) => {
  const files: PythonFile[] = paths.map((path) => readPythonFile({ realRoot, path }));
  // eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(files);
});
