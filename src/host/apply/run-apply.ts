import { type AppliedDocument, appliedDocumentSchema } from '../../domain/apply/applied-document.ts';
import { CalibError } from '../../domain/calib-error.ts';
import { sessionCommit } from '../../domain/session/session-plan.ts';
import { messageOf, utcTimestamp } from '../../domain/text.ts';
import { acquireHostLock } from '../lock/host-lock.ts';
import { parseDocument, readIfPresent, sha256Of, writeJsonAtomic } from '../run-directory/files.ts';
import { runPaths } from '../run-directory/paths.ts';
import { readPlan } from '../run-directory/plan-file.ts';
import {
  type ApplyJournal,
  hashOn,
  readApplyJournal,
  replacementFiles,
  type ReplacementFiles,
} from './journal.ts';
import {
  prepareApply,
  type PrepareApplyOptions,
  type PreparedApply,
  resolveTarget,
} from './prepare-apply.ts';
import { recoverApply } from './recover-apply.ts';
import { replaceFiles, restoreFiles } from './replace-files.ts';

/**
 * `applied.json` of a run directory; null while nothing was applied.
 *
 * @throws CalibError naming the file when it cannot be understood
 */
export async function readApplied(runDir: string): Promise<AppliedDocument | null> {
  const path = runPaths.applied(runDir);
  const bytes = await readIfPresent(path);
  if (bytes === null) {
    return null;
  }
  try {
    return parseDocument(bytes, appliedDocumentSchema);
  } catch (cause) {
    throw new CalibError('invalid-input', `cannot understand ${path}: ${messageOf(cause)}`, {
      remedy: 'restore the file from a copy: it says what the one apply of the session did',
      cause,
    });
  }
}

/** Writes `applied.json` anew. @throws CalibError `not-ready` when the disk refuses */
export async function writeApplied(runDir: string, document: AppliedDocument): Promise<void> {
  await writeJsonAtomic(runPaths.applied(runDir), document);
}

/**
 * Runs `work` while nobody else on this machine applies or restores thresholds of the same checkout: an attempt that
 * overlaps its successor, or an undo typed meanwhile. The lock dies with the process.
 *
 * @throws CalibError `not-ready` when somebody else is at it
 */
export async function withApplyLock<T>(repoRoot: string, work: () => Promise<T>): Promise<T> {
  const held = await acquireHostLock({
    resources: [`apply/${repoRoot}`],
    holder: `apply, pid ${process.pid}`,
  });
  if (held.kind === 'busy') {
    throw new CalibError('not-ready', `thresholds of ${repoRoot} are being written (${held.holder})`, {
      remedy: 'try again when that has ended',
    });
  }
  try {
    return await work();
  } finally {
    await held.lease.release();
  }
}

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
 * Edits the thresholds of a session, once: all files or none, recorded in `applied.json`. Twice with one
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
    const settled = await recoverApply(runDir, files);
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

export type UndoResult =
  /** `again`: the files were restored by an earlier call. */
  | { kind: 'undone'; document: AppliedDocument; again: boolean }
  /** Nothing was written. */
  | { kind: 'refused'; reason: string };

/**
 * Restores the bytes that the files had before the session's apply, all or none, and only where every file is still as
 * calib left it; `applied.json` then says so. Twice equals once. Afterwards the caller checks (`checkApplied`) and
 * writes the report anew.
 *
 * @throws CalibError `not-ready` when a disk refuses or somebody else is at it: to be called again
 */
export async function undoApply(
  { runDir, now }: { runDir: string; now: Date },
  files: ReplacementFiles = replacementFiles,
): Promise<UndoResult> {
  const { repo_root: repoRoot } = await readPlan(runDir);
  return await withApplyLock(repoRoot ?? runDir, async () => {
    const settled = await recoverApply(runDir, files);
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
