import type { RepeatOutcome } from '../../domain/session/session-state.ts';
import { readSessionTree, treeMoved } from '../../host/git/tree.ts';
import type { Repeat } from './repeat.ts';

/** What is wrong with the checkout, in words for the operator; null while it is what the session observes. */
export async function movedCommit({ files, input }: Repeat): Promise<string | null> {
  const { plan } = files;
  const { repo_root: repoRoot, catalog_dir: catalogDir, tree_fingerprint } = plan;
  const found = await readSessionTree({ repoRoot, runDir: input.run_dir, catalogDir });
  const moved = treeMoved(found, { git_sha: plan.git_sha ?? '', tree_fingerprint });
  return moved === null ? null : `${moved}; restore it, then resume`;
}

/** The halt for a checkout that moved: a change of commit stops the session at once. */
export function haltOnMove(
  { input }: Repeat,
  halt: { text: string; launches: number; duration_s: number; lane: string | null },
): RepeatOutcome {
  const { text, ...facts } = halt;
  const cause = { text, namespace: input.namespace, repeat: input.repeat, moved: true };
  return { kind: 'halt', cause, cells: {}, ...facts };
}
