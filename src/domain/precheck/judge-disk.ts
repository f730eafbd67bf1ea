import { checkResult, type CheckResult } from './check-result.ts';
import { shellWord } from './shell-word.ts';

/** Below this a session cannot keep even its own documents and one attempt's log. */
const leastBytes = 1024 ** 3;
/** Logs and result trees of a full session have room above this. */
const amplyBytes = 10 * 1024 ** 3;

export interface DiskFacts {
  /** Where run directories will lie. */
  folder: string;
  /** The nearest folder that exists: `folder` itself or one above it. */
  existing: string;
  /** For this user; null where the file system does not say. */
  freeBytes: number | null;
  writable: boolean;
}

/** Whether a run directory can be made and has room. */
export function judgeDisk({ folder, existing, freeBytes, writable }: DiskFacts): CheckResult {
  const free = freeBytes === null ? 'unknown' : `${(freeBytes / 1024 ** 3).toFixed(1)} GiB`;
  const lines = [`disk: ${free} free for run directories in ${folder}`];
  if (!writable) {
    const message = `run directories in ${folder} cannot be made: ${existing} cannot be written`;
    return checkResult({
      id: 'disk',
      lines,
      errors: [
        { message, remedies: [`chmod u+rwx ${shellWord(existing)}, or choose another folder (--run-root)`] },
      ],
    });
  }
  if (freeBytes !== null && freeBytes < leastBytes) {
    const message = `${free} free for run directories in ${folder}, at least 1 GiB is needed`;
    return checkResult({
      id: 'disk',
      lines,
      errors: [{ message, remedies: [`df -h ${shellWord(existing)}`] }],
    });
  }
  const scarce = freeBytes !== null && freeBytes < amplyBytes;
  return checkResult({
    id: 'disk',
    lines,
    warnings: scarce ? [`only ${free} free for run directories in ${folder}`] : [],
  });
}
