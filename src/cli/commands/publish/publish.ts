import type { Command } from 'commander';

import { CalibError } from '../../../domain/calib-error.ts';
import {
  chooseBranch,
  type PublishedFile,
  publishedFiles,
  publishedReportPath,
  publishRefusal,
  type PublishRefusal,
} from '../../../domain/publish/publish.ts';
import { sessionCommit } from '../../../domain/session/session-plan.ts';
import { isIgnored } from '../../../host/git/git.ts';
import {
  commitPublished,
  foreignChanges,
  type PublishedCommit,
} from '../../../host/publish/commit-published.ts';
import { readBranchFacts } from '../../../host/publish/read-branch-facts.ts';
import { contentsBefore, readPublishState } from '../../../host/publish/read-publish-state.ts';
import { readRepoRoot } from '../../../host/run-directory/report/report-facts.ts';
import { readRunDirectory } from '../../../host/run-directory/stages-copy.ts';
import { commitMessage, pullRequestText } from '../../../report/publish-text.ts';
import { addSharedOptions, type CliContext, createContext, sharedOptionValues } from '../../options.ts';
import { addExamples, answer, answerJson, colours, note, warn } from '../../output.ts';
import { locateRunDirectory } from '../../session/locate-run-directory.ts';

export interface PublishOptions {
  commit?: boolean;
  branch?: string;
}

/** `publish`: files, commit message and pull-request text of an applied session; commits only when told to. */
export function register(program: Command): void {
  const command = program
    .command('publish')
    .description(
      'Print what would be committed after an apply: files, commit message, pull-request text. With --commit --branch B it ' +
        'commits exactly those files on that branch, which is never the default one. Nothing is pushed.',
    )
    .argument('<session>', 'session id, unambiguous prefix, latest, or the path of a run directory')
    .option('--commit', 'commit, on the branch that --branch names')
    .option('--branch <name>', 'the branch that is checked out, or a new one (made from the session commit)')
    .action(async (reference: string, options: PublishOptions, self: Command) => {
      const givenRoot = sharedOptionValues(self).repoRoot ?? process.env['TUNE_REPO_ROOT'];
      await publishSession({ context: createContext(self), reference, options, givenRoot });
    });
  addSharedOptions(command, ['repo-root', 'any', 'json']);
  addExamples(command, ['calib publish latest', 'calib publish latest --commit --branch calibrate-tts']);
}

export interface PublishRequest {
  context: CliContext;
  /** SESSION. */
  reference: string;
  options: PublishOptions;
  /** The checkout, where the operator named one. */
  givenRoot: string | undefined;
}

/** A publish that nothing stands against, before anything is committed. */
interface Publication {
  session: string;
  runDir: string;
  repoRoot: string;
  sessionCommit: string;
  files: PublishedFile[];
  /** What a fresh clone would lack, one line each. */
  missing: string[];
  message: string;
  pullRequest: string;
  report: { path: string; text: string };
  /** Each edited file with the path of its content before the apply. */
  before: { file: string; before: string | null }[];
}

/**
 * Prints what a session's apply is to be committed with, and commits it when told to.
 *
 * @throws CalibError `refused` with the reason; then nothing has been committed
 */
export async function publishSession(request: PublishRequest): Promise<void> {
  const { context } = request;
  const branch = branchToCommitOn(request.options);
  const publication = await preparePublication(request);
  const committed = branch === null ? null : await commit(publication, branch);
  if (context.json) {
    answerJson({
      session: publication.session,
      run_dir: publication.runDir,
      files: publication.files,
      missing: publication.missing,
      commit_message: publication.message,
      pull_request: publication.pullRequest,
      committed: committed === null ? null : { branch, commit: committed.commit, files: committed.paths },
    });
    return;
  }
  print(publication);
  for (const line of publication.missing) warn(`a fresh clone lacks this: ${line}`);
  if (committed === null) note('nothing was committed: --commit --branch NAME does that');
  else note(`committed ${committed.commit} on ${branch}; push it yourself`);
}

function branchToCommitOn({ commit: wanted, branch }: PublishOptions): string | null {
  if (wanted !== true && branch === undefined) return null;
  if (wanted === true && branch !== undefined) return branch;
  throw new CalibError(
    'invalid-input',
    wanted === true ? '--commit needs a branch' : '--branch is for --commit',
    { remedy: 'give both, --commit --branch NAME, or neither' },
  );
}

async function preparePublication({ context, reference, givenRoot }: PublishRequest): Promise<Publication> {
  const { session, runDir } = await locateRunDirectory(context, reference);
  const snapshot = await readRunDirectory(runDir);
  const repoRoot = await readRepoRoot({ runDir, plan: snapshot.plan, given: givenRoot });
  if (repoRoot === null) {
    throw new CalibError('invalid-input', `the checkout of ${runDir} is not known`, {
      remedy: 'give it with --repo-root DIR or TUNE_REPO_ROOT',
    });
  }
  const state = await readPublishState({ snapshot, repoRoot });
  const refusal = publishRefusal(state);
  if (refusal !== null || state.applied === null || state.report === null) throw refused(refusal);
  const { applied, report, precheck, evidence, missing } = state;
  const files = publishedFiles(applied, state.stagesPath, state.configPath);
  const facts = { plan: snapshot.plan, applied, precheck, evidence, files, missing, runDir };
  return {
    session,
    runDir,
    repoRoot,
    sessionCommit: sessionCommit(snapshot.plan),
    files,
    missing,
    message: commitMessage(facts),
    pullRequest: pullRequestText(facts),
    report: { path: publishedReportPath(applied.session_id), text: report },
    before: await contentsBefore({ runDir, repoRoot, applied }),
  };
}

async function commit(publication: Publication, branch: string): Promise<PublishedCommit> {
  const { repoRoot, files, report, message, before } = publication;
  const facts = await readBranchFacts({ repoRoot, branch, sessionCommit: publication.sessionCommit });
  const choice = chooseBranch(facts);
  if (choice.kind === 'refused') throw refused(choice);
  const foreign = await foreignChanges({ repoRoot, sessionCommit: facts.sessionCommit, files: before });
  if (foreign.length > 0) {
    throw refused({
      reason: `changed by you before the session, and not committed: ${foreign.join(', ')}`,
      remedy: 'calib would commit your changes with its own: commit these files yourself',
    });
  }
  for (const { path } of files) {
    if (await isIgnored(repoRoot, path)) {
      throw refused({ reason: `git ignores ${path}`, remedy: 'take it out of .gitignore' });
    }
  }
  const paths = files.map(({ path }) => path);
  const createBranch = choice.kind === 'new';
  const committed = await commitPublished({ repoRoot, branch, createBranch, message, paths, report });
  const extra = committed.paths.filter((path) => !paths.includes(path));
  if (extra.length > 0) warn(`a hook added to the commit: ${extra.join(', ')}`);
  return committed;
}

function refused(refusal: PublishRefusal | null): CalibError {
  const { reason, remedy } = refusal ?? { reason: 'there is nothing to publish', remedy: 'apply first' };
  return new CalibError('refused', reason, { remedy });
}

function print({ files, message, pullRequest }: Publication): void {
  const { bold } = colours(process.stdout);
  const parts = [
    ['Files', files.map(({ path }) => path).join('\n')],
    ['Commit message', message.trimEnd()],
    ['Pull request', pullRequest.trimEnd()],
  ] as const;
  answer(parts.map(([title, text]) => `${bold(`--- ${title}`)}\n${text}\n`).join('\n'));
}
