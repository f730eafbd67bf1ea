import { z } from 'zod';

import { launchFiles } from './launch-files.ts';
import { readLaunchDocument } from './read-launch-document.ts';
import { writeWholeFile } from './write-whole-file.ts';

/**
 * `lane.json` of a launch folder: what pytest was launched on, and what it cost to get there. Written before the launch,
 * so that whoever adopts the run knows which lane to take over.
 */
const launchLaneSchema = z.object({
  schema: z.literal('calib.launch-lane/1'),
  /** `<host>/gpu0,1` or `<host>/cpu0`; a declared one `<host>/<name>`. */
  lane: z.string(),
  gpus: z.array(z.number().int().nonnegative()),
  gpu_uuids: z.array(z.string()),
  gate_s: z.number().nonnegative(),
  /** Result files older than this are another launch's; `YYYY-MM-DDTHH:MM:SSZ`. */
  launched_at: z.string(),
  notes: z.array(z.string()),
  /** What is leased; absent in launches older than declared lanes: the GPUs, or the name of a lane without any. */
  resources: z.array(z.string()).optional(),
});
export type LaunchLane = z.infer<typeof launchLaneSchema>;

/** Makes a launch's lane known; the folder must exist. Throws the file system's error when it refuses. */
export function writeLaunchLane(launchDir: string, lane: Omit<LaunchLane, 'schema'>): void {
  const document: LaunchLane = { schema: 'calib.launch-lane/1', ...lane };
  writeWholeFile(launchFiles.lane(launchDir), `${JSON.stringify(document, null, 2)}\n`);
}

/** The lane of a launch; null where it was not recorded or cannot be read. */
export async function readLaunchLane(launchDir: string): Promise<LaunchLane | null> {
  const reading = await readLaunchDocument(launchFiles.lane(launchDir), launchLaneSchema);
  return reading.kind === 'read' ? reading.document : null;
}
