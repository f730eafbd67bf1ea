import type { PublishRefusal } from './publish-refusal.ts';

export interface BranchFacts {
  /** As the operator gave it. */
  branch: string;
  /** Whether git takes it for a branch's name, unabbreviated. */
  isBranchName: boolean;
  /** Names that count as the default branch here. */
  defaultBranches: readonly string[];
  /** Null on a detached HEAD. */
  currentBranch: string | null;
  /** Whether a local branch of that name exists. */
  exists: boolean;
  head: string;
  sessionCommit: string;
  /** Whether HEAD is the session commit or descends from it. */
  headHasSessionCommit: boolean;
}

export type BranchChoice =
  /** The commit goes onto the branch that is checked out. */
  | { kind: 'current' }
  /** The branch is made from the session commit, which is HEAD. */
  | { kind: 'new' }
  | ({ kind: 'refused' } & PublishRefusal);

/** Whether a publish may commit onto a branch, and how (spec 06 §13): never onto the default branch. */
export function chooseBranch(facts: BranchFacts): BranchChoice {
  const { branch, currentBranch, sessionCommit, head } = facts;
  if (!facts.isBranchName) {
    return refuse(
      `${JSON.stringify(branch)} is not a branch name`,
      'give the plain name of a feature branch',
    );
  }
  if (facts.defaultBranches.includes(branch)) {
    return refuse(
      `${branch} is a default branch: calib never commits there`,
      'give the name of a feature branch; it is made if it does not exist',
    );
  }
  if (!facts.headHasSessionCommit) {
    return refuse(
      `HEAD ${short(head)} does not hold the session commit ${short(sessionCommit)}`,
      'check out the session commit, or a branch that was made from it',
    );
  }
  if (branch === currentBranch) {
    return { kind: 'current' };
  }
  if (facts.exists) {
    return refuse(
      `branch ${branch} exists and is not checked out`,
      `check it out first (git switch ${branch}), or give a new name`,
    );
  }
  return head === sessionCommit
    ? { kind: 'new' }
    : refuse(
        `HEAD ${short(head)} is not the session commit ${short(sessionCommit)}, from which a new branch is made`,
        `give the checked-out branch${currentBranch === null ? '' : ` (${currentBranch})`}, or go back to the session commit`,
      );
}

function refuse(reason: string, remedy: string): BranchChoice {
  return { kind: 'refused', reason, remedy };
}

function short(commit: string): string {
  return commit.slice(0, 12) || 'unknown';
}
