import { readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';

import type { AppliedDocument } from '../../domain/apply/applied-document.ts';
import type { RunSnapshot } from '../../domain/audit/strict.ts';
import type { LogEvidence } from '../../domain/evidence/log-evidence.ts';
import type { PublishState } from '../../domain/publish/publish.ts';
import type { PrecheckFacts } from '../../domain/report/facts.ts';
import { readApplied } from '../apply/run-apply.ts';
import { copyPath, readApplyJournal } from '../apply/journal.ts';
import { readIfPresent, sha256Of } from '../run-directory/files.ts';
import { runPaths } from '../run-directory/paths.ts';
import { readLogEvidence } from '../run-directory/logs/log-evidence.ts';
import { readPrecheck } from '../run-directory/report/report-facts.ts';
import { readCatalogState } from './read-catalog-state.ts';

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
   * The catalog's stages, repository-relative, where an earlier calib's apply rewrote them; null when they lie elsewhere,
   * are ignored or are as at the session commit.
   */
  stagesPath: string | null;
  /** The same of the model's `config.yaml`. */
  configPath: string | null;
  /** What a fresh clone of the repository would lack to calibrate again, one line each. */
  missing: string[];
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
    ...(await readCatalogState({ snapshot, repoRoot, applied })),
  };
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
