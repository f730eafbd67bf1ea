import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

import { CalibError } from '../../domain/calib-error.ts';
import { formatCpuList, parseCpuList } from '../../domain/lanes/lanes.ts';

/**
 * The CPUs that this process may use: those of the machine less what a cgroup or its own affinity takes away. Null
 * where the kernel does not say.
 */
export async function usableCpus(statusFile = '/proc/self/status'): Promise<number[] | null> {
  const status = await readFile(statusFile, 'utf8').catch(() => '');
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1];
  return list === undefined ? null : parseCpuList(list);
}

/**
 * What comes before a command so that it and everything that it starts runs on these CPUs only (`taskset -c`, which
 * becomes the command by exec: same process, same session).
 *
 * @param lane whose CPUs they are, for the message
 * @throws CalibError `invalid-input` when some of them cannot be used here, or there is no `taskset`
 */
export async function affinityPrefix(
  cpus: string,
  lane: string,
  edges: { usable?: number[] | null; searchPath?: string } = {},
): Promise<string[]> {
  const usable = edges.usable === undefined ? await usableCpus() : edges.usable;
  // The kernel would silently take the part that there is, and the figures would be another machine's.
  const missing = (parseCpuList(cpus) ?? []).filter((cpu) => usable !== null && !usable.includes(cpu));
  if (missing.length > 0) {
    throw new CalibError(
      'invalid-input',
      `lane ${lane} wants CPUs ${cpus}, but ${formatCpuList(missing)} cannot be used here (usable: ${formatCpuList(usable ?? [])})`,
      { remedy: 'correct cpus in the host profile, or start the worker (container) with those CPUs' },
    );
  }
  return [await tasksetPath(lane, edges.searchPath ?? process.env['PATH'] ?? ''), '-c', cpus];
}

async function tasksetPath(lane: string, searchPath: string): Promise<string> {
  for (const folder of searchPath.split(delimiter).filter((each) => each.startsWith('/'))) {
    const path = join(folder, 'taskset');
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  throw new CalibError('invalid-input', `lane ${lane} names CPUs, but there is no taskset in PATH`, {
    remedy: 'install util-linux, or leave cpus out of the host profile',
  });
}
