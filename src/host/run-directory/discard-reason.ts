import { join } from 'node:path';

import { z } from 'zod';

import { parseDocument } from '../files/parse-document.ts';
import { namesIn, readIfPresent } from './file-entries.ts';
import { runPaths } from './paths.ts';

/** `_discarded/<namespace>/run{k}.<n>/reason.json`: why a repeat was set aside. */
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
