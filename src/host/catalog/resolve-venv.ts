import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

import { CalibError } from '../../domain/calib-error.ts';
import type { LoadedHost, LoadedModel } from './open-catalog.ts';
import { staleProfileWarnings } from './stale-profile.ts';

export interface ResolvedVenv {
  /** Absolute path of the interpreter. Links are kept (a venv is found by its link); existence is precheck's business. */
  python: string;
  source: 'flag' | 'env' | 'host' | 'config';
  /** The config's candidates in the order in which they were tried; empty unless `source` is `config`. */
  candidates: string[];
  warnings: string[];
}

export interface VenvRequest {
  flag: string | undefined;
  env: NodeJS.ProcessEnv;
  host: LoadedHost | null;
  model: LoadedModel | null;
  /** What a relative flag or variable is relative to. Absolute. */
  cwd: string;
  /** What a relative candidate of the config is relative to. Absolute. */
  repoRoot: string;
}

/**
 * Chooses the interpreter that runs pytest: `--venv-python` → `TUNE_VENV_PYTHON` → the host's `venv_python` → the first
 * existing candidate of the model's `default_venv_python`, or the last if none exists (spec 01 §7). Call it only where
 * Python is started.
 *
 * @throws CalibError `invalid-input` when nothing names an interpreter
 */
export function resolveVenv(request: VenvRequest): ResolvedVenv {
  const { flag, env, host, model, cwd, repoRoot } = request;
  const profiled = host?.profile.venv_python;
  const stated = flag || env['TUNE_VENV_PYTHON'];
  if (stated) {
    const python = resolve(cwd, stated);
    const setting = flag ? '--venv-python' : 'TUNE_VENV_PYTHON';
    const warnings = staleProfileWarnings({ host, key: 'venv_python', profiled, setting, stated: python });
    return { python, source: flag ? 'flag' : 'env', candidates: [], warnings };
  }
  if (profiled !== undefined) {
    return { python: resolve(profiled), source: 'host', candidates: [], warnings: [] };
  }
  const candidates = [model?.config.default_venv_python ?? []]
    .flat()
    .map((entry) => resolve(repoRoot, entry));
  const python = candidates.find((candidate) => existsSync(candidate)) ?? candidates.at(-1);
  if (python === undefined) {
    throw new CalibError(
      'invalid-input',
      `no Python interpreter: ${model === null ? 'no model config was loaded' : `${model.file} has no default_venv_python`}`,
      { remedy: 'give --venv-python FILE, set TUNE_VENV_PYTHON, or add venv_python to the host profile' },
    );
  }
  return { python, source: 'config', candidates, warnings: [] };
}
