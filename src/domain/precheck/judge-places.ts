import { checkResult, type CheckResult } from './check-result.ts';
import type { PrecheckRequirements } from './requirements.ts';

export interface InterpreterQuestion {
  python: string;
  source: string;
  candidates: PrecheckRequirements['venv_candidates'];
  state: 'executable' | 'missing' | 'not executable';
}

/** The interpreter that was chosen (spec 04 §2 rows 2 and 5). Missing, the precheck stops. */
export function judgeInterpreter({ python, source, candidates, state }: InterpreterQuestion): CheckResult {
  const tried = candidates.length > 1 ? [`(tried in order: ${candidates.join(', ')})`] : [];
  const lines = [`venv_python: ${python} (${source})`, ...tried];
  const where = candidates.length > 1 ? `none of ${candidates.join(', ')} exists` : `${python} is missing`;
  const message = state === 'missing' ? `no interpreter: ${where}` : `${python} cannot be executed`;
  const remedies = [
    'give another with --venv-python FILE, TUNE_VENV_PYTHON, or venv_python in the host profile',
    "where no venv exists at all: the repository's own preparation script makes one, but its fresh path deletes " +
      '$OMNI_CI_HOME; calib never runs it',
  ];
  const errors = state === 'executable' ? [] : [{ message, remedies }];
  return checkResult({ id: 'interpreter', lines, errors });
}

/** Whether the repository root is a project (spec 04 §2 row 3). Missing, the precheck stops. */
export function judgeRepository(repoRoot: string, hasProject: boolean): CheckResult {
  return checkResult({
    id: 'repository',
    lines: [`repository: ${repoRoot}`],
    errors: hasProject
      ? []
      : [
          {
            message: `${repoRoot}/pyproject.toml does not exist`,
            remedies: [
              'name the checkout with --repo-root DIR, TUNE_REPO_ROOT, or repo_root in the host profile',
            ],
          },
        ],
  });
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
