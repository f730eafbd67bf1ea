import { chmod, chown, open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { type DurableFiles, durableFiles, isTemporaryName } from '../run-directory/write-atomic.ts';

/** The steps by which an apply changes files; tests replace them to fail at a chosen one. */
export interface ReplacementFiles extends DurableFiles {
  /** Gives `draft` the mode and the owner of `original`. */
  likeOriginal: (draft: string, original: string) => Promise<void>;
}

/** The real file system. */
export const replacementFiles: ReplacementFiles = {
  ...durableFiles,
  likeOriginal: async (draft, original) => {
    const [made, wanted] = [await stat(draft), await stat(original)];
    if (made.uid !== wanted.uid || made.gid !== wanted.gid) {
      await chown(draft, wanted.uid, wanted.gid);
    }
    // After the owner: changing it clears the set-id bits.
    await chmod(draft, wanted.mode & 0o7777);
    const handle = await open(draft, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};

/** Removes what an interrupted apply left beside a file: in the checkout it would count as somebody's change. */
export async function removeDrafts(path: string, files: ReplacementFiles): Promise<void> {
  const folder = dirname(path);
  const prefix = `.${basename(path)}.`;
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    if (name.startsWith(prefix) && isTemporaryName(name)) {
      await files.drop(join(folder, name));
    }
  }
}
