import { mkdir, rename } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';

import { z } from 'zod';

import type { DiscardedRepeat } from '../../domain/report/facts.ts';
import type { RepeatPlace } from './attempts-file.ts';
import {
  cannotWrite,
  durableFiles,
  hasCode,
  isAbsent,
  namesIn,
  parseDocument,
  readIfPresent,
  writeJsonAtomic,
} from './files.ts';
import { runPaths } from './paths.ts';

/** `_discarded/<namespace>/run{k}.<n>/reason.json`: why a repeat was discarded. */
const discardReasonSchema = z.object({
  schema: z.literal('calib.discard/1'),
  reason: z.string(),
  /** `YYYY-MM-DDTHH:MM:SSZ`. */
  at: z.string(),
  /** Who or what asked: `calib` for automatic discards, `session` where its pool went on elsewhere, else the operator's command. */
  requested_by: z.string(),
  command_id: z.string(),
  /** Later commands that found this discard unfinished and completed it. */
  completed_by: z.array(z.string()).default([]),
});
export type DiscardReason = z.infer<typeof discardReasonSchema>;

/** Name of the reason file while files are still being moved. */
export const unfinishedReason = 'reason.unfinished.json';
/** Name of the reason file once everything has been moved. */
export const finishedReason = 'reason.json';

/** A folder below `_discarded/<namespace>/`. */
export interface DiscardFolder {
  namespace: string;
  repeat: number;
  /** 1, 2, … per (unit, repeat). */
  n: number;
  /** Absolute. */
  path: string;
  /** False while a discard was interrupted between its first and its last move. */
  finished: boolean;
  /** Null when the reason file is damaged, or was not written before a crash. */
  reason: DiscardReason | null;
}

/** True when the command started this discard or completed it. */
export function isOfCommand({ reason }: DiscardFolder, commandId: string): boolean {
  if (reason === null) return false;
  return reason.command_id === commandId || reason.completed_by.includes(commandId);
}

const folderForm = /^run(\d+)\.(\d+)$/;

/** Every discard of a unit, by repeat and number. */
export async function discardFolders(runDir: string, namespace: string): Promise<DiscardFolder[]> {
  const parent = runPaths.discarded(runDir, namespace);
  const folders: DiscardFolder[] = [];
  for (const name of await namesIn(parent)) {
    const [, repeat, n] = folderForm.exec(name) ?? [];
    if (repeat === undefined || n === undefined) continue;
    const path = join(parent, name);
    const finished = await readReason(join(path, finishedReason));
    const reason = finished ?? (await readReason(join(path, unfinishedReason)));
    folders.push({
      namespace,
      repeat: Number(repeat),
      n: Number(n),
      path,
      finished: finished !== null,
      reason: reason === 'damaged' ? null : reason,
    });
  }
  return folders.sort((a, b) => a.repeat - b.repeat || a.n - b.n);
}

async function readReason(path: string): Promise<DiscardReason | 'damaged' | null> {
  const bytes = await readIfPresent(path);
  if (bytes === null) return null;
  try {
    return parseDocument(bytes, discardReasonSchema);
  } catch {
    return 'damaged';
  }
}

export interface RepeatDiscard extends RepeatPlace {
  /** All stages of the unit: a repeat is discarded as a whole. */
  stages: readonly string[];
  reason: string;
  /** `YYYY-MM-DDTHH:MM:SSZ`. */
  at: string;
  requestedBy: string;
  /** Makes a second delivery harmless: it finishes or finds the first one's work, and never touches a newer run. */
  commandId: string;
  /**
   * `records`: observations, pointer files and marker only, because the artifacts are about to be read again; logs,
   * attempts and base temp stay. Default: everything.
   */
  only?: 'records';
}

export type DiscardResult =
  /** Discarded now, or by an earlier call with this command id. */
  | { kind: 'discarded'; folder: string; moved: string[] }
  /** There was nothing to discard. */
  | { kind: 'nothing' };

/** Moves one path; tests replace it to fail in the middle. */
export type MovePath = (from: string, to: string) => Promise<void>;

/**
 * Sets a whole (unit, repeat) aside: observations, pointer files, logs, attempts, launch folders, base temp and commit
 * marker go to `_discarded/<namespace>/run{k}.<n>/` under the paths they had. Nothing is deleted. The
 * marker goes first, so the repeat stops counting at once; a crash in the middle is finished by the next call.
 *
 * The caller sees to it that no pytest of this repeat is alive.
 *
 * @throws CalibError when the file system refuses.
 */
export async function discardRepeat(discard: RepeatDiscard, move: MovePath = rename): Promise<DiscardResult> {
  const folders = await discardFolders(discard.runDir, discard.namespace);
  const ofRepeat = folders.filter(({ repeat }) => repeat === discard.repeat);
  const own = ofRepeat.find((folder) => isOfCommand(folder, discard.commandId));
  if (own?.finished === true) return { kind: 'discarded', folder: own.path, moved: [] };
  // Whatever stands belongs to the discard that was interrupted: no launch comes before a discard has finished.
  const unfinished = own ?? ofRepeat.find(({ finished }) => !finished);
  const standing = await standingPaths(discard);
  if (unfinished === undefined && standing.length === 0) return { kind: 'nothing' };
  try {
    const folder = await reasonedFolder({ discard, ofRepeat, unfinished });
    await moveAll({ discard, folder, standing, move });
    await rename(join(folder, unfinishedReason), join(folder, finishedReason));
    await durableFiles.syncFolder(folder);
    return { kind: 'discarded', folder, moved: standing.map((path) => relative(discard.runDir, path)) };
  } catch (error) {
    throw cannotWrite(runPaths.discarded(discard.runDir, discard.namespace), error);
  }
}

/** Everything of the repeat that is there now, the commit marker first. */
async function standingPaths(discard: RepeatDiscard): Promise<string[]> {
  const { runDir, namespace, repeat, stages } = discard;
  const unit = runPaths.unit(runDir, namespace);
  const marker = runPaths.commitMarker(runDir, namespace, repeat);
  const baseTemp = basename(runPaths.baseTemp(runDir, namespace, repeat));
  // Which dispatch is worked on says nothing of what was measured, and is still so when its files were discarded.
  const dispatch = basename(runPaths.dispatch(runDir, namespace, repeat));
  const names = await namesIn(unit);
  const ofUnit = names
    .filter((name) => (name.startsWith(`run${repeat}.`) && name !== dispatch) || name === baseTemp)
    .map((name) => join(unit, name))
    .filter((path) => discard.only !== 'records' || path === marker);
  const ofStages: string[] = [];
  for (const stage of stages) {
    const candidates = [
      runPaths.observation(runDir, stage, repeat),
      runPaths.stageLog(runDir, stage, repeat),
    ];
    const present = new Set(await namesIn(join(runDir, stage)));
    ofStages.push(...candidates.filter((path) => present.has(basename(path))));
  }
  const first = ofUnit.filter((path) => path === marker);
  return [...first, ...ofStages, ...ofUnit.filter((path) => path !== marker)];
}

/** The folder to move into, with its reason on disk before anything is moved. */
async function reasonedFolder(found: {
  discard: RepeatDiscard;
  ofRepeat: readonly DiscardFolder[];
  unfinished: DiscardFolder | undefined;
}): Promise<string> {
  const { discard, ofRepeat, unfinished } = found;
  const folder = unfinished?.path ?? (await newFolder(discard, ofRepeat));
  await writeJsonAtomic(join(folder, unfinishedReason), reasonOf(discard, unfinished));
  return folder;
}

function reasonOf(discard: RepeatDiscard, unfinished: DiscardFolder | undefined): DiscardReason {
  if (unfinished?.reason) {
    const { reason } = unfinished;
    return isOfCommand(unfinished, discard.commandId)
      ? reason
      : { ...reason, completed_by: [...reason.completed_by, discard.commandId] };
  }
  return {
    schema: 'calib.discard/1',
    reason: discard.reason,
    at: discard.at,
    requested_by: discard.requestedBy,
    command_id: discard.commandId,
    completed_by: [],
  };
}

async function newFolder(discard: RepeatDiscard, ofRepeat: readonly DiscardFolder[]): Promise<string> {
  const parent = runPaths.discarded(discard.runDir, discard.namespace);
  await mkdir(parent, { recursive: true, mode: 0o700 });
  for (let n = Math.max(0, ...ofRepeat.map((folder) => folder.n)) + 1; ; n += 1) {
    const folder = join(parent, `run${discard.repeat}.${n}`);
    try {
      await mkdir(folder, { mode: 0o700 });
      await durableFiles.syncFolder(parent);
      return folder;
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
    }
  }
}

async function moveAll(moving: {
  discard: RepeatDiscard;
  folder: string;
  standing: readonly string[];
  move: MovePath;
}): Promise<void> {
  const touched = new Set<string>();
  for (const from of moving.standing) {
    const wanted = join(moving.folder, relative(moving.discard.runDir, from));
    await mkdir(dirname(wanted), { recursive: true, mode: 0o700 });
    const to = await freePath(wanted);
    try {
      await moving.move(from, to);
    } catch (error) {
      if (!isAbsent(error)) throw error;
    }
    touched.add(dirname(from)).add(dirname(to));
  }
  for (const folder of touched) await durableFiles.syncFolder(folder);
}

/** A path that nothing stands at: a rename would silently replace what an interrupted discard had moved there. */
async function freePath(wanted: string): Promise<string> {
  const taken = new Set(await namesIn(dirname(wanted)));
  let path = wanted;
  for (let n = 2; taken.has(basename(path)); n += 1) path = `${wanted}.${n}`;
  return path;
}

/** A repeat that was discarded, and who asked for it. */
export interface ListedDiscard extends DiscardedRepeat {
  requested_by: string;
}

/** All discarded repeats of a run directory: by unit name, repeat and number. */
export async function listDiscarded(runDir: string): Promise<ListedDiscard[]> {
  const listed: ListedDiscard[] = [];
  for (const namespace of await namesIn(join(runDir, '_discarded'))) {
    for (const folder of await discardFolders(runDir, namespace)) {
      listed.push({
        namespace,
        repeat: folder.repeat,
        n: folder.n,
        reason: folder.reason?.reason ?? 'unknown (its reason.json cannot be read)',
        at: folder.reason?.at ?? '',
        requested_by: folder.reason?.requested_by ?? '',
      });
    }
  }
  return listed;
}
