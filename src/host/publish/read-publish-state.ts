import { readFile, realpath } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';

import type { AppliedDocument } from '../../domain/apply/applied-document.ts';
import type { RunSnapshot } from '../../domain/audit/strict.ts';
import type { LogEvidence } from '../../domain/evidence/log-evidence.ts';
import { sessionCommit } from '../../domain/session/session-plan.ts';
import type { PublishState } from '../../domain/publish/publish.ts';
import type { PrecheckFacts } from '../../domain/report/facts.ts';
import { readApplied } from '../apply/run-apply.ts';
import { copyPath, readApplyJournal } from '../apply/journal.ts';
import { readIfPresent, sha256Of } from '../run-directory/files.ts';
import { runGit, versionControlPlace } from '../git/git.ts';
import { runPaths } from '../run-directory/paths.ts';
import { readLogEvidence } from '../run-directory/logs/log-evidence.ts';
import { readPrecheck } from '../run-directory/report/report-facts.ts';

export interface ReadPublishStateOptions {
  snapshot: RunSnapshot;
  /** Absolute path of the checkout. */
  repoRoot: string;
}

/** What a publish shows and decides on; plain values. */
export interface PublishFactsOnDisk extends PublishState {
  precheck: PrecheckFacts | null;
  evidence: LogEvidence[];
  /**
   * The catalog's stages, repository-relative; null when they lie elsewhere, are ignored or are as at the session
   * commit.
   */
  stagesPath: string | null;
}

/** Reads everything that a publish needs; refuses nothing, writes nothing. */
export async function readPublishState({
  snapshot,
  repoRoot,
}: ReadPublishStateOptions): Promise<PublishFactsOnDisk> {
  const runDir = snapshot.run_dir;
  const applied = await readApplied(runDir);
  const hashes: Record<string, string | null> = {};
  for (const { file } of applied?.files ?? []) {
    hashes[file] = await readFile(join(repoRoot, file)).then(sha256Of, () => null);
  }
  return {
    applied,
    hashes,
    report: (await readIfPresent(runPaths.report(runDir)))?.toString('utf8') ?? null,
    precheck: await readPrecheck(runDir),
    evidence: await readLogEvidence({ snapshot, patterns: snapshot.plan.evidence ?? [] }),
    stagesPath: await changedStages({ snapshot, repoRoot, applied }),
  };
}

async function changedStages(question: {
  snapshot: RunSnapshot;
  repoRoot: string;
  applied: AppliedDocument | null;
}): Promise<string | null> {
  const { snapshot, repoRoot, applied } = question;
  const named = applied?.check?.stages_yaml ?? snapshot.plan.stages_yaml;
  if (named === undefined) return null;
  const path = resolve(repoRoot, named);
  if ((await versionControlPlace(repoRoot, path)) !== 'visible') return null;
  const inside = relative(await realpath(repoRoot), await realpath(path).catch(() => path));
  const commit = sessionCommit(snapshot.plan);
  const args = ['diff', '--quiet', '--no-ext-diff', commit, '--', inside];
  // A path that git does not track is no difference to it, and new to the repository.
  const { exitCode } = await runGit(repoRoot, args, { acceptedExitCodes: [1] });
  const tracked = (await runGit(repoRoot, ['ls-files', '-z', '--', inside])).stdout.length > 0;
  return exitCode === 1 || !tracked ? inside : null;
}

/**
 * Where the run directory keeps each edited file as it was before the apply; null where it does not.
 *
 * @throws CalibError when the journal cannot be understood
 */
export async function contentsBefore(question: {
  runDir: string;
  repoRoot: string;
  applied: AppliedDocument;
}): Promise<{ file: string; before: string | null }[]> {
  const { runDir, repoRoot, applied } = question;
  const journal = await readApplyJournal(runDir);
  const found: { file: string; before: string | null }[] = [];
  for (const { file } of applied.files) {
    const path = await realpath(join(repoRoot, file));
    const index = journal?.files.findIndex((journalled) => journalled.path === path) ?? -1;
    found.push({ file, before: index === -1 ? null : copyPath({ runDir, side: 'before', index }) });
  }
  return found;
}
