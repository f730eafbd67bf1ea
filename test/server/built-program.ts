import { fileURLToPath } from 'node:url';

import { execa } from 'execa';

/**
 * Builds what tests start as processes, the program that users run and the stand-ins of `test/fixtures/`, where the
 * sources have changed since: a run by hand tests what is there and not what was.
 */
export default async function buildPrograms(): Promise<void> {
  await runSetUp('compile', 'fixtures');
}

/** Runs parts of `scripts/setup.mjs`; says nothing unless they fail. */
export async function runSetUp(...parts: string[]): Promise<void> {
  const setUp = fileURLToPath(new URL('../../scripts/setup.mjs', import.meta.url));
  await execa(process.execPath, [setUp, ...parts], { stdio: ['ignore', 'ignore', 'inherit'] });
}
