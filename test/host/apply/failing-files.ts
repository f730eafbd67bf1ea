import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { replacementFiles, type ReplacementFiles } from '../../../src/host/apply/journal.ts';

/** The real file system without waiting for the disk: a process that dies loses nothing that a disk would have kept. */
export const quickFiles: ReplacementFiles = {
  ...replacementFiles,
  syncFolder: async () => {},
  draft: async (path, data, mode) => {
    const unique = randomBytes(6).toString('hex');
    const draft = join(dirname(path), `.${basename(path)}.${unique}.calib-tmp`);
    await writeFile(draft, data, { mode, flag: 'wx' });
    return draft;
  },
};

export interface FailurePlan {
  /** The step (from 1) that fails. */
  at: number;
  /** `crash`: that step and all after it, as if the process had died; `once`: a disk that is full for a moment. */
  kind: 'crash' | 'once';
}

/** `quickFiles` with a failure at one step; a draft that fails leaves half of its content behind. */
export function failingFiles({ at, kind }: FailurePlan): { files: ReplacementFiles; steps: () => number } {
  let steps = 0;
  const fails = () => {
    steps += 1;
    return kind === 'crash' ? steps >= at : steps === at;
  };
  const fail = () =>
    Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC', syscall: 'write' });
  const guarded =
    <Arguments extends unknown[]>(step: (...args: Arguments) => Promise<void>) =>
    async (...args: Arguments) => {
      if (fails()) {
        throw fail();
      }
      await step(...args);
    };
  const { makeFolder, draft, rename, syncFolder, likeOriginal, drop } = quickFiles;
  return {
    steps: () => steps,
    files: {
      makeFolder: guarded(makeFolder),
      rename: guarded(rename),
      syncFolder: guarded(syncFolder),
      likeOriginal: guarded(likeOriginal),
      drop: guarded(drop),
      draft: async (path, data, mode) => {
        if (!fails()) {
          return await draft(path, data, mode);
        }
        if (steps === at) {
          await draft(path, Buffer.from(data).subarray(0, 10), mode);
        }
        throw fail();
      },
    },
  };
}
