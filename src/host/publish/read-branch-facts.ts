import type { BranchFacts } from '../../domain/publish/publish.ts';
import { gitText, runGit } from '../git/git.ts';

export interface ReadBranchFactsOptions {
  /** Absolute path of the checkout. */
  repoRoot: string;
  /** As the operator gave it. */
  branch: string;
  sessionCommit: string;
}

/** Names that are a default branch wherever nothing else is said. */
const usualDefaults = ['main', 'master'];

/**
 * What git knows about a branch that is to be committed onto.
 *
 * @throws CalibError when `repoRoot` is no checkout with a commit
 */
export async function readBranchFacts(options: ReadBranchFactsOptions): Promise<BranchFacts> {
  const { repoRoot, branch, sessionCommit } = options;
  const head = await gitText(repoRoot, ['rev-parse', '--verify', 'HEAD^{commit}']);
  const isBranchName = await isPlainBranchName(repoRoot, branch);
  return {
    branch,
    isBranchName,
    defaultBranches: await defaultBranches(repoRoot),
    currentBranch: await answer(repoRoot, ['symbolic-ref', '--quiet', '--short', 'HEAD']),
    exists:
      isBranchName && (await says(repoRoot, ['show-ref', '--verify', '--quiet', `refs/heads/${branch}`])),
    head,
    sessionCommit,
    headHasSessionCommit:
      /^[0-9a-f]{7,64}$/.test(sessionCommit) &&
      (await says(repoRoot, ['merge-base', '--is-ancestor', sessionCommit, head])),
  };
}

/** A shorthand such as `@{-1}` is no name, and neither is one that git would read as a full reference. */
async function isPlainBranchName(repoRoot: string, branch: string): Promise<boolean> {
  if (branch.startsWith('-') || /^(refs|heads|remotes|tags)\//.test(branch) || branch === 'HEAD')
    return false;
  return (await answer(repoRoot, ['check-ref-format', '--branch', branch])) === branch;
}

/** What every remote calls its head, what git makes new repositories with, and the usual names. */
async function defaultBranches(repoRoot: string): Promise<string[]> {
  const remotes = (await answer(repoRoot, ['remote']))?.split('\n').filter((name) => name !== '') ?? [];
  const names = [...usualDefaults];
  for (const remote of remotes) {
    const head = await answer(repoRoot, ['symbolic-ref', '--quiet', `refs/remotes/${remote}/HEAD`]);
    if (head !== null) names.push(head.slice(`refs/remotes/${remote}/`.length));
  }
  const configured = await answer(repoRoot, ['config', '--get', 'init.defaultBranch']);
  if (configured !== null && configured !== '') names.push(configured);
  return [...new Set(names)];
}

/** Git's answer as text; null where it has none. */
async function answer(repoRoot: string, args: string[]): Promise<string | null> {
  return await gitText(repoRoot, args).catch(() => null);
}

async function says(repoRoot: string, args: string[]): Promise<boolean> {
  return await runGit(repoRoot, args).then(
    () => true,
    () => false,
  );
}
