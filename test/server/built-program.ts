import { fileURLToPath } from 'node:url';

import { execa } from 'execa';

/**
 * Builds `dist/` where the sources have changed since, so that a run by hand tests what is there and not what was.
 * After `npm test`'s own set-up there is nothing left to do.
 */
export default async function buildProgram(): Promise<void> {
  const setUp = fileURLToPath(new URL('../../scripts/setup.mjs', import.meta.url));
  await execa(process.execPath, [setUp, 'build'], { stdio: ['ignore', 'ignore', 'inherit'] });
}
