import { describe, expect, test } from 'vitest';

import { chooseBranch, type BranchFacts } from '../../../src/domain/publish/publish.ts';
import { COMMIT, OTHER_COMMIT } from '../audit/snapshot-fixture.ts';

const facts: BranchFacts = {
  branch: 'calibrate-nova',
  isBranchName: true,
  defaultBranches: ['main', 'master', 'trunk'],
  currentBranch: 'main',
  exists: false,
  head: COMMIT,
  sessionCommit: COMMIT,
  headHasSessionCommit: true,
};

const reason = (overrides: Partial<BranchFacts>): string => {
  const choice = chooseBranch({ ...facts, ...overrides });
  return choice.kind === 'refused' ? choice.reason : choice.kind;
};

describe('the branch of a publish', () => {
  test('is made from the session commit when there is none of that name', () => {
    expect(chooseBranch(facts)).toEqual({ kind: 'new' });
    expect(chooseBranch({ ...facts, currentBranch: null })).toEqual({ kind: 'new' });
  });

  test('may be the one that is checked out, also with commits on top of the session’s', () => {
    const current = { ...facts, currentBranch: 'calibrate-nova', exists: true };
    expect(chooseBranch(current)).toEqual({ kind: 'current' });
    expect(chooseBranch({ ...current, head: OTHER_COMMIT })).toEqual({ kind: 'current' });
  });

  test.each(['main', 'master', 'trunk'])('is never %s, checked out or not', (branch) => {
    expect(reason({ branch })).toContain('is a default branch');
    expect(reason({ branch, currentBranch: branch, exists: true })).toContain('is a default branch');
  });

  test('is not another branch that exists', () => {
    expect(reason({ exists: true })).toBe('branch calibrate-nova exists and is not checked out');
  });

  test('is not made from another commit than the session’s', () => {
    expect(reason({ head: OTHER_COMMIT })).toContain('is not the session commit');
  });

  test('does not take a checkout without the session commit', () => {
    expect(reason({ headHasSessionCommit: false, currentBranch: 'calibrate-nova', exists: true })).toContain(
      'does not hold the session commit',
    );
  });

  test('has a plain name', () => {
    expect(reason({ branch: '@{-1}', isBranchName: false })).toBe('"@{-1}" is not a branch name');
  });
});
