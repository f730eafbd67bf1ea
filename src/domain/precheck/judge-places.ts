import { checkResult, type CheckResult, type Gap } from './check-result.ts';
import type { PrecheckRequirements } from './requirements.ts';

export interface InterpreterQuestion {
  python: string;
  source: string;
  candidates: PrecheckRequirements['venv_candidates'];
  state: 'executable' | 'missing' | 'not executable';
  /** Whether the environment has an `OMNI_CI_HOME`, which the preparation script of that suite may delete. */
  hasSlice: boolean;
}

/** The interpreter that was chosen (spec 04 §2 rows 2 and 5). Missing, the precheck stops. */
export function judgeInterpreter({
  python,
  source,
  candidates,
  state,
  hasSlice,
}: InterpreterQuestion): CheckResult {
  const tried = candidates.length > 1 ? [`(tried in order: ${candidates.join(', ')})`] : [];
  const lines = [`venv_python: ${python} (${source})`, ...tried];
  const where = candidates.length > 1 ? `none of ${candidates.join(', ')} exists` : `${python} is missing`;
  const message = state === 'missing' ? `no interpreter: ${where}` : `${python} cannot be executed`;
  const remedies = [
    'give another with --venv-python FILE, TUNE_VENV_PYTHON, or venv_python in the host profile',
    ...(hasSlice
      ? [
          "where no venv exists at all: the repository's own preparation script makes one, but its fresh path deletes " +
            '$OMNI_CI_HOME; calib never runs it',
        ]
      : []),
  ];
  const errors = state === 'executable' ? [] : [{ message, remedies }];
  return checkResult({ id: 'interpreter', lines, errors });
}

export interface RepositoryQuestion {
  repoRoot: string;
  /** Whether it is a folder. */
  exists: boolean;
  /** Whether it has a `pyproject.toml`. */
  hasProjectFile: boolean;
  /** Packages whose installed version must follow that file. */
  pinned: readonly string[];
}

/**
 * Whether the repository root is there. A project file is needed only where installed versions must follow its pins.
 * With a gap the precheck stops: nothing else could be judged.
 */
export function judgeRepository({
  repoRoot,
  exists,
  hasProjectFile,
  pinned,
}: RepositoryQuestion): CheckResult {
  const elsewhere =
    'name the checkout with --repo-root DIR, TUNE_REPO_ROOT, or repo_root in the host profile';
  const errors: Gap[] = [];
  if (!exists) errors.push({ message: `${repoRoot} is not a folder`, remedies: [elsewhere] });
  else if (!hasProjectFile && pinned.length > 0) {
    errors.push({
      message: `${repoRoot}/pyproject.toml does not exist, but pins names ${pinned.join(', ')}, whose version stands there`,
      remedies: [
        elsewhere,
        "or take pins out of the model's config.yaml, where no version is to be compared",
      ],
    });
  }
  return checkResult({ id: 'repository', lines: [`repository: ${repoRoot}`], errors });
}

/** What git says of the checkout; a failure has no commit. */
export type GitReading =
  | { kind: 'state'; sha: string; branch: string; dirty: boolean }
  | { kind: 'failed'; message: string; remedy: string };

/**
 * The commit (spec 04 §2 row 4); none is an error (§13 item 8).
 *
 * @param sessionCommit what the session observes, null outside of one
 */
export function judgeGit(reading: GitReading, sessionCommit: string | null): CheckResult {
  if (reading.kind === 'failed') {
    const { message, remedy } = reading;
    return checkResult({ id: 'git', lines: ['git: no commit'], errors: [{ message, remedies: [remedy] }] });
  }
  const { sha, branch, dirty } = reading;
  const moved = sessionCommit !== null && sessionCommit !== sha;
  return checkResult({
    id: 'git',
    lines: [`git: ${branch} @ ${sha.slice(0, 8)}${dirty ? ' (dirty)' : ''}`],
    errors: moved
      ? [
          {
            message: `HEAD is ${sha}, the session observes ${sessionCommit}`,
            remedies: ['go back to that commit, or start a new session for the new one'],
          },
        ]
      : [],
  });
}
