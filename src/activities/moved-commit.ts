import { dirname } from 'node:path';

import type { RepeatOutcome } from '../domain/session/repeat-outcome.ts';
import { readGitState } from '../host/git/read-git-state.ts';
import type { Repeat } from './repeat.ts';

/** The halt for a checkout that is no longer what the session observes; null while it is. */
export async function movedCommit({ files, input }: Repeat): Promise<RepeatOutcome | null> {
  const git = await readGitState(files.plan.repo_root, { excludePaths: [dirname(input.run_dir)] });
  const same = git.sha === files.plan.git_sha && git.treeFingerprint === files.plan.tree_fingerprint;
  if (same) return null;
  const text =
    git.sha === files.plan.git_sha
      ? 'the work tree is no longer the one that the session observes: restore it, then resume'
      : `HEAD moved: the session observes ${files.plan.git_sha}, found ${git.sha}; check it out again, then resume`;
  const cause = { text, namespace: input.namespace, repeat: input.repeat };
  return { kind: 'halt', cause, cells: {}, launches: 0, duration_s: 0, lane: null };
}
