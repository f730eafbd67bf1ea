import type { AppliedDocument } from '../../domain/apply/applied-document.ts';
import { utcTimestamp } from '../../domain/clock.ts';
import { sessionCommit } from '../../domain/plan/plan.ts';
import { sha256Of } from '../files/sha256-of.ts';
import { readPlan } from '../run-directory/read-plan.ts';
import { readApplied } from './applied-file.ts';
import { withApplyLock } from './apply-lock.ts';
import { prepareApply } from './prepare-apply.ts';
import type { PreparedApply, PrepareApplyOptions } from './prepare-apply.ts';
import { replaceFiles } from './replace-files.ts';
import { replacementFiles } from './replacement-files.ts';
import type { ReplacementFiles } from './replacement-files.ts';
import { settleJournal } from './settle-journal.ts';

export interface RunApplyOptions extends PrepareApplyOptions {
  /** The same command again finds its own work and ends it. */
  commandId: string;
  now: Date;
}

export type ApplyResult =
  | { kind: 'applied'; document: AppliedDocument }
  /** Nothing was written. */
  | { kind: 'refused'; reason: string };

/**
 * Edits the thresholds of a session, once (spec 06 §11): all files or none, recorded in `applied.json`. Twice with one
 * command equals once, also after a crash at any step. The check afterwards is `checkApplied`.
 *
 * @throws CalibError `not-ready` when a disk refuses or somebody else is at it: to be called again
 */
export async function runApply(
  options: RunApplyOptions,
  files: ReplacementFiles = replacementFiles,
): Promise<ApplyResult> {
  const { runDir, commandId } = options;
  const { repo_root: repoRoot } = await readPlan(runDir);
  return await withApplyLock(repoRoot ?? runDir, async () => {
    const settled = await settleJournal(runDir, files);
    if (settled?.kind === 'refused') {
      return settled;
    }
    const earlier = await readApplied(runDir);
    if (earlier !== null) {
      return earlier.command_id === commandId
        ? { kind: 'applied', document: earlier }
        : { kind: 'refused', reason: alreadyApplied(earlier) };
    }
    const prepared = await prepareApply(options);
    if (prepared.kind === 'refused') {
      return { kind: 'refused', reason: prepared.reason };
    }
    const record = recordOf(options, prepared);
    const changes = prepared.files.map(({ path, bytes, after }) => ({ path, before: bytes, after }));
    const outcome = await replaceFiles({ runDir, changes, record }, files);
    return outcome.kind === 'refused' ? outcome : { kind: 'applied', document: record };
  });
}

function alreadyApplied({ applied_at: at, mode, undone }: AppliedDocument): string {
  const since = undone === null ? '' : ` and undone at ${undone.at}`;
  return `the session's thresholds were applied (${mode}) at ${at}${since}: a session is applied once`;
}

function recordOf(
  options: RunApplyOptions,
  prepared: Extract<PreparedApply, { kind: 'prepared' }>,
): AppliedDocument {
  const { plan } = prepared.snapshot;
  return {
    schema: 'calib.applied/1',
    session_id: plan.session_id ?? '',
    model: plan.model,
    calibration_git_sha: sessionCommit(plan),
    mode: options.mode,
    decide: { ...options.decide },
    command_id: options.commandId,
    applied_at: utcTimestamp(options.now),
    edits: prepared.edits,
    changes: prepared.changes,
    files: prepared.files.map(({ file, sha256, after }) => ({
      file,
      sha256_before: sha256,
      sha256_after: sha256Of(after),
    })),
    warnings: prepared.warnings,
    check: null,
    undone: null,
  };
}
