import type { Unit } from '../../domain/plan/unit.ts';
import { readAttempts } from './attempts-file.ts';
import { discardFolders } from './discard-reason.ts';

/**
 * The highest pass that an attempt of this directory bears, set-aside ones included; null where there was none. A session
 * that carries the directory on begins after it, because attempts count against the pass that they bear.
 */
export async function readLastPass(
  runDir: string,
  plan: { units: readonly Unit[]; repeats: number },
): Promise<number | null> {
  let last: number | null = null;
  for (const { namespace } of plan.units) {
    const places = (await discardFolders(runDir, namespace)).map(({ path, repeat }) => ({ path, repeat }));
    for (let repeat = 1; repeat <= plan.repeats; repeat += 1) places.push({ path: runDir, repeat });
    for (const { path, repeat } of places) {
      // A damaged record is the audit's to report; here it merely names no pass.
      const attempts = await readAttempts({ runDir: path, namespace, repeat }).catch(() => []);
      for (const { pass } of attempts) last = Math.max(last ?? 0, pass);
    }
  }
  return last;
}
