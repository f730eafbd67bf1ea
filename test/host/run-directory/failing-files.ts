import { type DurableFiles, durableFiles } from '../../../src/host/run-directory/files.ts';

/** The real file system until the given step (from 1), which fails like a crash: nothing after it happens. */
export function failingAt(step: number): { files: DurableFiles; stepsTaken: () => number } {
  let taken = 0;
  const guard = (): void => {
    taken += 1;
    if (taken >= step) throw new Error(`crash at step ${step}`);
  };
  const files: DurableFiles = {
    makeFolder: async (folder) => {
      guard();
      await durableFiles.makeFolder(folder);
    },
    draft: async (path, data, mode) => {
      guard();
      return await durableFiles.draft(path, data, mode);
    },
    rename: async (from, to) => {
      guard();
      await durableFiles.rename(from, to);
    },
    syncFolder: async (folder) => {
      guard();
      await durableFiles.syncFolder(folder);
    },
    // After a crash nobody tidies up.
    drop: async () => await Promise.resolve(),
  };
  return { files, stepsTaken: () => taken };
}
