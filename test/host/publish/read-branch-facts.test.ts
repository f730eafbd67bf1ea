import { describe, expect, onTestFinished, test } from 'vitest';

import { readBranchFacts } from '../../../src/host/publish/read-branch-facts.ts';
import { scratchRepository } from '../git/scratch-repository.ts';

function repository() {
  const made = scratchRepository({ 'a.py': '' });
  onTestFinished(made.remove);
  const first = made.git('rev-parse', 'HEAD');
  const facts = async (branch: string, sessionCommit = first) =>
    await readBranchFacts({ repoRoot: made.root, branch, sessionCommit });
  return { ...made, first, facts };
}

describe('what git knows about the branch of a publish', () => {
  test('a new name on the session commit', async () => {
    const { facts, first } = repository();
    expect(await facts('calibrate/nova')).toMatchObject({
      isBranchName: true,
      currentBranch: 'main',
      exists: false,
      head: first,
      headHasSessionCommit: true,
    });
  });

  test.each(['@{-1}', 'refs/heads/x', 'heads/x', '-x', 'HEAD', 'a..b', ''])(
    '%j is no branch name',
    async (branch) => {
      const { git, facts } = repository();
      git('switch', '-q', '-c', 'x');
      git('switch', '-q', 'main');
      expect((await facts(branch)).isBranchName).toBe(false);
    },
  );

  test('every remote’s head and the configured default are default branches, beside the usual names', async () => {
    const { git, facts, first } = repository();
    for (const [remote, branch] of [
      ['origin', 'trunk'],
      ['upstream', 'release/next'],
    ] as const) {
      git('remote', 'add', remote, '/nowhere');
      git('update-ref', `refs/remotes/${remote}/${branch}`, first);
      git('symbolic-ref', `refs/remotes/${remote}/HEAD`, `refs/remotes/${remote}/${branch}`);
    }
    git('config', 'init.defaultBranch', 'develop');
    expect((await facts('x')).defaultBranches).toEqual([
      'main',
      'master',
      'trunk',
      'release/next',
      'develop',
    ]);
  });

  test('a detached HEAD has no branch, and an unknown session commit is not part of it', async () => {
    const { git, facts } = repository();
    git('checkout', '-q', '--detach');
    expect(await facts('x', 'e'.repeat(40))).toMatchObject({
      currentBranch: null,
      headHasSessionCommit: false,
    });
  });
});
