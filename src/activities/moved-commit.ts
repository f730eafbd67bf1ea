import { dirname } from 'node:path';

import type { RepeatOutcome } from '../domain/session/repeat-outcome.ts';
import { readGitState } from '../host/git/read-git-state.ts';
import type { Repeat } from './repeat.ts';

/** What is wrong with the checkout, in words for the operator; null while it is what the session observes. */
export async function movedCommit({ files, input }: Repeat): Promise<string | null> {
  const git = await readGitState(files.plan.repo_root, { excludePaths: [dirname(input.run_dir)] });
  if (git.sha !== files.plan.git_sha) {
    return `HEAD moved: the session observes ${files.plan.git_sha}, found ${git.sha}; check it out again, then resume`;
  }
  return git.treeFingerprint === files.plan.tree_fingerprint
    ? null
    : 'the work tree is no longer the one that the session observes: restore it, then resume';
}

/** The halt for a checkout that moved (spec 05 §10: a change stops the session at once). */
export function haltOnMove(
  { input }: Repeat,
  halt: { text: string; launches: number; duration_s: number; lane: string | null },
): RepeatOutcome {
  const { text, ...facts } = halt;
  const cause = { text, namespace: input.namespace, repeat: input.repeat };
  return { kind: 'halt', cause, cells: {}, ...facts };
}
