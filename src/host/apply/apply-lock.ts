import { CalibError } from '../../domain/calib-error.ts';
import { acquireLaneLease } from '../gpu/lane-lease.ts';

/**
 * Runs `work` while nobody else on this machine applies or restores thresholds of the same checkout: an attempt that
 * overlaps its successor, or an undo typed meanwhile. The lock dies with the process.
 *
 * @throws CalibError `not-ready` when somebody else is at it
 */
export async function withApplyLock<T>(repoRoot: string, work: () => Promise<T>): Promise<T> {
  const held = await acquireLaneLease({
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
