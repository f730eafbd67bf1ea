import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { z } from 'zod';

import { CalibError } from '../../domain/calib-error.ts';
import type { EnvOption } from '../../domain/catalog/env-option.ts';
import { isAbsent } from '../run-directory/files.ts';
import { passedNamesVariable } from './launch-command.ts';

/** The variables of a session that are recorded nowhere: their names, and the private file with their values. */
export interface PassedEnvironment {
  names: string[];
  /** Absolute; readable by its owner alone, on the host where the session was started. */
  file: string;
}

const fileSchema = z.record(z.string().max(256), z.string().max(65_536));
const oldestMs = 90 * 24 * 3600 * 1000;

/**
 * Writes the values for the workers of this host and user; earlier sessions' files of more than ninety days go.
 *
 * @param folder absolute, calib's own
 * @throws the file system's error
 */
export function writePassedEnvironment(
  folder: string,
  id: string,
  values: Record<string, string>,
): PassedEnvironment {
  const file = join(folder, `${id}.json`);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (Date.now() - statSync(path).mtimeMs > oldestMs) rmSync(path, { force: true });
  }
  writeFileSync(file, JSON.stringify(values), { mode: 0o600 });
  return { names: Object.keys(values).sort(), file };
}

/**
 * The environment from which a session's launches inherit: the worker's own, in which the variables that `--env` named have
 * the values of the shell that started the session, or on another host those of its worker.
 *
 * @throws CalibError `invalid-input` when a named variable has no value here
 */
export function sessionEnvironment(
  passed: PassedEnvironment | undefined,
  env: NodeJS.ProcessEnv,
): NodeJS.ProcessEnv {
  const { [passedNamesVariable]: _own, ...inherited } = env;
  if (passed === undefined) return inherited;
  const values = readValues(passed.file);
  const found = Object.fromEntries(passed.names.map((name) => [name, values[name] ?? env[name]]));
  const missing = passed.names.filter((name) => found[name] === undefined);
  if (missing.length > 0) {
    throw new CalibError(
      'invalid-input',
      `--env named ${missing.join(', ')}, but neither ${passed.file} nor this worker's environment has a value`,
      { remedy: 'set it in the environment of the worker on this host and start that again, then resume' },
    );
  }
  return { ...inherited, ...found, [passedNamesVariable]: passed.names.join(',') };
}

function readValues(file: string): Record<string, string> {
  try {
    const parsed = fileSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
    return parsed.success ? parsed.data : {};
  } catch (error) {
    if (isAbsent(error) || error instanceof SyntaxError) return {};
    throw error;
  }
}

/** This process's own environment, of which the variables that `--env` named are passed on, too. */
export function withPassedNames(
  env: NodeJS.ProcessEnv,
  { passed }: Pick<EnvOption, 'passed'>,
): NodeJS.ProcessEnv {
  return { ...env, [passedNamesVariable]: Object.keys(passed).join(',') };
}
