import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

import { parse, TomlError } from 'smol-toml';
import { z } from 'zod';

import { CalibError } from '../../domain/calib-error.ts';
import { readIniSection, shellWords } from '../../domain/pytest/ini-file.ts';
import {
  type JudgedSettings,
  judgePytestSettings,
  type PytestSettings,
} from '../../domain/pytest/pytest-settings.ts';
import { isAbsent } from '../run-directory/files.ts';

/** A test file and the further arguments of its launches. */
export interface PytestLaunch {
  /** Repository-relative. */
  test: string;
  args: readonly string[];
}

/** A settings file is written by people; a larger one is not read. */
const maxBytes = 1024 * 1024;

/** In the order in which pytest looks in a folder; the first that has settings counts. */
const fileNames = [
  'pytest.toml',
  '.pytest.toml',
  'pytest.ini',
  '.pytest.ini',
  'pyproject.toml',
  'tox.ini',
  'setup.cfg',
];

const settingsTable = z.record(z.string(), z.unknown());

/**
 * pytest's settings for a test file: of the nearest folder at or above it that has any, or of the file that `-c` names.
 *
 * @returns null where there are none
 * @throws CalibError `invalid-input` for a file that pytest could not read either
 */
export async function readPytestSettings(
  repoRoot: string,
  launch: PytestLaunch,
): Promise<PytestSettings | null> {
  const named = configArgument(launch.args);
  if (named !== null) return await settingsIn(resolve(repoRoot, named));
  for (let folder = dirname(resolve(repoRoot, launch.test)); ; folder = dirname(folder)) {
    for (const name of fileNames) {
      const settings = await settingsIn(join(folder, name));
      if (settings !== null) return settings;
    }
    if (folder === dirname(folder)) return null;
  }
}

/** What of the repository's settings would defeat a launch of the test. @throws CalibError as `readPytestSettings` */
export async function judgeSettingsOf(repoRoot: string, launch: PytestLaunch): Promise<JudgedSettings> {
  return judgePytestSettings(await readPytestSettings(repoRoot, launch));
}

function configArgument(args: readonly string[]): string | null {
  for (const [index, argument] of args.entries()) {
    if (argument === '-c' || argument === '--config-file') return args[index + 1] ?? null;
    const [, value] = /^(?:-c|--config-file=)(.+)$/.exec(argument) ?? [];
    if (value !== undefined) return value;
  }
  return null;
}

async function settingsIn(file: string): Promise<PytestSettings | null> {
  const text = await readText(file);
  if (text === null) return null;
  const table = file.endsWith('.toml') ? tomlTable(file, text) : iniTable(file, text);
  if (table === null) return null;
  const { addopts = '', ...options } = table;
  return {
    file,
    addopts: Array.isArray(addopts) ? addopts.map(String) : shellWords(String(addopts)),
    options: Object.fromEntries(Object.entries(options).map(([name, value]) => [name, String(value)])),
  };
}

function iniTable(file: string, text: string): Record<string, unknown> | null {
  const section = readIniSection(text, file.endsWith('.cfg') ? 'tool:pytest' : 'pytest');
  // Even an empty pytest.ini ends pytest's search.
  return section ?? (/\.?pytest\.ini$/.test(file) ? {} : null);
}

function tomlTable(file: string, text: string): Record<string, unknown> | null {
  let document: Record<string, unknown>;
  try {
    document = parse(text);
  } catch (error) {
    const where = error instanceof TomlError ? `line ${error.line}: ` : '';
    const what = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    throw new CalibError('invalid-input', `${file}: ${where}${what}`, {
      remedy: 'correct the file: pytest cannot read it either',
      cause: error,
    });
  }
  if (!file.endsWith('pyproject.toml')) return tableAt(document, ['pytest']) ?? {};
  return tableAt(document, ['tool', 'pytest', 'ini_options']) ?? tableAt(document, ['tool', 'pytest']);
}

function tableAt(document: unknown, path: readonly string[]): Record<string, unknown> | null {
  let value = document;
  for (const key of path) {
    value = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
  }
  const parsed = settingsTable.safeParse(value);
  return parsed.success ? parsed.data : null;
}

async function readText(file: string): Promise<string | null> {
  try {
    const bytes = await readFile(file);
    return bytes.length > maxBytes ? null : bytes.toString('utf8');
  } catch (error) {
    if (isAbsent(error) || (error instanceof Error && Reflect.get(error, 'code') === 'EISDIR')) return null;
    throw new CalibError('invalid-input', `${file} cannot be read`, {
      remedy: 'check its permissions',
      cause: error,
    });
  }
}
