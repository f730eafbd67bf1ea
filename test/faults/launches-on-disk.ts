import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import {
  type LaunchExit,
  launchExitSchema,
  launchFiles,
  type LaunchIdentity,
  launchIdentitySchema,
  launchRequestSchema,
  readLaunchDocument,
} from '../../src/host/process/launch-files.ts';
import { isAlive } from '../../src/host/process/identity.ts';

/** What one launch folder of a run directory, discarded or not, says. */
export interface LaunchOnDisk {
  folder: string;
  namespace: string;
  repeat: number;
  attempt: number;
  /** Whether a supervisor took it up; false where it was only asked for, or fenced off. */
  begun: boolean;
  identity: LaunchIdentity | null;
  exit: LaunchExit | null;
}

const LAUNCH_FOLDER = /(?:^|\/)_pytest\/([^/]+)\/run(\d+)\.attempt(\d+)$/;

/** Every launch folder below the run directory, those that were discarded included. */
export async function launchesOnDisk(runDir: string): Promise<LaunchOnDisk[]> {
  const paths = await readdir(runDir, { recursive: true }).catch(() => []);
  const found = await Promise.all(
    paths.map(async (path) => {
      const [, namespace, repeat, attempt] = LAUNCH_FOLDER.exec(path) ?? [];
      if (namespace === undefined) return [];
      const folder = join(runDir, path);
      const place = { folder, namespace, repeat: Number(repeat), attempt: Number(attempt) };
      return [{ ...place, ...(await readFolder(folder)) }];
    }),
  );
  return found.flat();
}

async function readFolder(folder: string) {
  const request = await readLaunchDocument(launchFiles.request(folder), launchRequestSchema);
  const claim =
    request.kind === 'read'
      ? await readFile(launchFiles.claim(folder, request.document.launch_id), 'utf8').catch(() => '')
      : '';
  const identity = await readLaunchDocument(launchFiles.identity(folder), launchIdentitySchema);
  const exit = await readLaunchDocument(launchFiles.exit(folder), launchExitSchema);
  return {
    begun: claim.startsWith('supervisor'),
    identity: identity.kind === 'read' ? identity.document : null,
    exit: exit.kind === 'read' ? exit.document : null,
  };
}

/** Whether pytest came to an end of its own. */
export function endedByItself({ exit }: LaunchOnDisk): boolean {
  return exit !== null && exit.exit_code !== null && exit.stop === null;
}

export type LaunchPart = 'supervisor' | 'child';

/** The processes of a launch that live. */
export function livingParts({ identity }: LaunchOnDisk): LaunchPart[] {
  if (identity === null) return [];
  const { boot_id } = identity;
  return (['supervisor', 'child'] as const).filter((part) => isAlive({ ...identity[part], boot_id }));
}

/** SIGKILL to one process of a launch; false when it was gone. */
export function killPart(launch: LaunchOnDisk, part: LaunchPart): boolean {
  if (launch.identity === null || !livingParts(launch).includes(part)) return false;
  process.kill(launch.identity[part].pid, 'SIGKILL');
  return true;
}
