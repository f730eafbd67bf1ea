import { join, resolve } from 'node:path';

import type { AppliedDocument } from '../../domain/apply/applied-document.ts';
import { readIfPresent, writeFileAtomic } from '../run-directory/files.ts';
import { runPaths } from '../run-directory/paths.ts';

/**
 * Puts the catalog's `stages.yaml` back as it was before an apply that rewrote it, which applies did before stages belonged
 * to a commit; only where nobody has changed it since. Nothing to do for any other apply.
 */
export async function restoreStages(place: {
  runDir: string;
  repoRoot: string;
  document: AppliedDocument;
}): Promise<void> {
  const { runDir, repoRoot, document } = place;
  const written = document.check?.stages_yaml ?? null;
  if (written === null) return;
  const file = resolve(repoRoot, written);
  const copy = (side: 'before' | 'after') => join(runPaths.applyFolder(runDir), side, 'stages.yaml');
  const before = await readIfPresent(copy('before'));
  const after = await readIfPresent(copy('after'));
  const present = await readIfPresent(file);
  if (before !== null && after !== null && present?.equals(after) === true) {
    await writeFileAtomic(file, before, { mode: 0o644 });
  }
}
