import type { AppliedDocument } from '../apply/applied-document.ts';

export interface PublishState {
  /** `applied.json`; null when nothing was ever applied. */
  applied: AppliedDocument | null;
  /** `report.md`; null when there is none. */
  report: string | null;
  /** SHA-256 (hex) of each edited file as it stands now, by repository-relative path; null when it cannot be read. */
  hashes: Readonly<Record<string, string | null>>;
}

export interface PublishRefusal {
  reason: string;
  remedy: string;
}

/**
 * Why a session's thresholds must not be offered for review, or null: before the apply, after its undo, or
 * when a file is no longer as the apply left it.
 */
export function publishRefusal({ applied, report, hashes }: PublishState): PublishRefusal | null {
  if (applied === null) {
    return {
      reason: 'no thresholds of this session were applied',
      remedy:
        'decide first with `calib apply`; a session that ended with --mode report has nothing to publish',
    };
  }
  if (applied.undone !== null) {
    return {
      reason: `the apply was undone at ${applied.undone.at}`,
      remedy: 'there is nothing to publish; a new session can be applied again',
    };
  }
  const changed = applied.files.filter(({ file, sha256_after: after }) => hashes[file] !== after);
  if (changed.length > 0) {
    const lines = changed.map(({ file }) => `  ${file}${hashes[file] == null ? ' (cannot be read)' : ''}`);
    return {
      reason: `these files are no longer as the apply left them:\n${lines.join('\n')}`,
      remedy: 'publish what calib wrote before editing further, or commit your own edits yourself',
    };
  }
  if (report === null) {
    return { reason: 'the session has no report.md', remedy: 'write it with `calib report --run-dir DIR`' };
  }
  if (report.includes('{{CONTEXT:')) {
    return {
      reason: 'report.md has context lines that are not resolved',
      remedy: 'write it again with `calib report --run-dir DIR`',
    };
  }
  return null;
}

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

/** Whether a publish may commit onto a branch, and how: never onto the default branch. */
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

/** One file of a publish, by repository-relative path. */
export interface PublishedFile {
  path: string;
  kind: 'thresholds' | 'config' | 'stages' | 'report';
}

/** Where the report of a session is kept in the repository. */
export function publishedReportPath(sessionId: string): string {
  return `docs/calibration/${sessionId}-report.md`;
}

/**
 * Exactly what a publish commits: the edited files, the model's config and stages where they lie in the repository and
 * have changed, the report.
 *
 * @param stagesPath repository-relative; null when it is elsewhere or unchanged
 * @param configPath the same, of the model's `config.yaml`
 */
export function publishedFiles(
  applied: Pick<AppliedDocument, 'session_id' | 'files'>,
  stagesPath: string | null,
  configPath: string | null = null,
): PublishedFile[] {
  const files: PublishedFile[] = [
    ...applied.files.map(({ file }) => ({ path: file, kind: 'thresholds' }) as const),
    ...(configPath === null ? [] : [{ path: configPath, kind: 'config' } as const]),
    ...(stagesPath === null ? [] : [{ path: stagesPath, kind: 'stages' } as const]),
    { path: publishedReportPath(applied.session_id), kind: 'report' },
  ];
  return files.filter(({ path }, index) => files.findIndex((other) => other.path === path) === index);
}
