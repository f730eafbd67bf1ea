import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { readPlan } from '../run-directory/plan-file.ts';

/** Run directories that are opened at most; older ones tell little and cost a start its time. */
const mostDirectories = 12;

export interface EarlierRun {
  /** Absolute when the run root is. */
  runDir: string;
  /** As planned. */
  repeats: number;
}

/**
 * The run directories of a model, newest first, twelve at most. What cannot be read is passed over.
 *
 * @param runRoot folder of run directories, whose names begin with their time
 */
export async function* earlierRuns(runRoot: string, model: string): AsyncGenerator<EarlierRun> {
  const names = await readdir(runRoot).catch((): string[] => []);
  let opened = 0;
  for (const name of names
    .filter((each) => /^\d{8}T\d{6}Z/.test(each))
    .sort()
    .reverse()) {
    if (opened === mostDirectories) return;
    const runDir = join(runRoot, name);
    const plan = await readPlan(runDir).catch(() => null);
    if (plan === null || plan.model !== model) continue;
    opened += 1;
    yield { runDir, repeats: plan.repeats };
  }
}
