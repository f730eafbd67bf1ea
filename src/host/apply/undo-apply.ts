import type { AppliedDocument } from '../../domain/apply/applied-document.ts';
import { utcTimestamp } from '../../domain/clock.ts';
import { readPlan } from '../run-directory/read-plan.ts';
import { readApplied } from './applied-file.ts';
import { hashOn, readApplyJournal } from './apply-journal.ts';
import type { ApplyJournal } from './apply-journal.ts';
import { withApplyLock } from './apply-lock.ts';
import { replacementFiles } from './replacement-files.ts';
import type { ReplacementFiles } from './replacement-files.ts';
import { restoreFiles } from './replace-files.ts';
import { resolveTarget } from './resolve-target.ts';
import { settleJournal } from './settle-journal.ts';

export type UndoResult =
  /** `again`: the files were restored by an earlier call. */
  | { kind: 'undone'; document: AppliedDocument; again: boolean }
  /** Nothing was written. */
  | { kind: 'refused'; reason: string };

/**
 * Restores the bytes that the files had before the session's apply, all or none, and only where every file is still as
 * calib left it; `applied.json` then says so. Twice equals once. Afterwards the caller checks (`checkApplied`) and writes
 * the report anew.
 *
 * @throws CalibError `not-ready` when a disk refuses or somebody else is at it: to be called again
 */
export async function undoApply(
  { runDir, now }: { runDir: string; now: Date },
  files: ReplacementFiles = replacementFiles,
): Promise<UndoResult> {
  const { repo_root: repoRoot } = await readPlan(runDir);
  return await withApplyLock(repoRoot ?? runDir, async () => {
    const settled = await settleJournal(runDir, files);
    if (settled?.kind === 'refused') {
      return settled;
    }
    const applied = await readApplied(runDir);
    const journal = await readApplyJournal(runDir);
    if (applied === null || journal === null || repoRoot === undefined) {
      return { kind: 'refused', reason: `nothing was applied by the session of ${runDir}` };
    }
    if (applied.undone !== null) {
      return { kind: 'undone', document: applied, again: true };
    }
    const edited = await editedSince(repoRoot, journal);
    if (edited.length > 0) {
      return { kind: 'refused', reason: edited.join('\n') };
    }
    const record: AppliedDocument = { ...applied, undone: { at: utcTimestamp(now), check: null } };
    const outcome = await restoreFiles({ runDir, journal, record }, files);
    return outcome.kind === 'refused' ? outcome : { kind: 'undone', document: record, again: false };
  });
}

async function editedSince(repoRoot: string, journal: ApplyJournal): Promise<string[]> {
  const problems: string[] = [];
  for (const file of journal.files) {
    const resolved = await resolveTarget({ repoRoot, file: file.path });
    if ('problem' in resolved) {
      problems.push(resolved.problem);
    } else if (resolved.target.path !== file.path) {
      problems.push(`${file.path} has become a link to ${resolved.target.path}`);
    } else if (resolved.target.sha256 !== hashOn(file, 'after')) {
      problems.push(`${file.path} was edited since thresholds were applied: nothing is restored`);
    }
  }
  return problems;
}
