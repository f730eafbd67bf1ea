import { z } from 'zod';

import { pythonPatternProblem } from './python-pattern.ts';

/**
 * Leaf schemas of the catalog files. Every `error` text is the phrase after "valid:" in the message that a person
 * reads, so it says what would be accepted, not what is wrong.
 */
export const text = z.string({ error: 'a string' });

export const nonEmptyText = z
  .string({ error: 'a non-empty string' })
  .refine((value) => value.trim() !== '', { error: 'a non-empty string' });

export const textList = z.array(nonEmptyText, { error: 'a list of strings' });

export const flag = z.boolean({ error: 'true or false' });

/** Becomes part of stage keys and directory names, and must not read as a token of `--stages`. */
export const keyPart = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, { error: 'a name of letters, digits, _, . and -' });

const gpuCountPhrase = { error: 'a whole number of GPUs, 0 or more' };
/** 0 means that the test runs without a GPU. */
export const gpuCount = z.int(gpuCountPhrase).min(0, gpuCountPhrase);

const sampleCountPhrase = { error: 'a whole number of samples, 1 or more' };
export const sampleCount = z.int(sampleCountPhrase).min(1, sampleCountPhrase);

const secondsPhrase = { error: 'a number of seconds above 0' };
export const seconds = z.number(secondsPhrase).positive(secondsPhrase);

/** Keys by test file are base names (spec 01 §3): a path would silently never match. */
const testFileName = z
  .string()
  .regex(/^[^/\\]+\.py$/, { error: 'the name of a test file without folders, such as test_x_ci.py' });

/** A map from test file name to something. */
export function byTestFile<Value extends z.ZodType>(value: Value) {
  return z.record(testFileName, value, { error: 'a map from test file name to a value' });
}

const variableName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: 'the name of an environment variable' });

const variableValue = z
  .string({ error: 'one scalar value' })
  .refine((value) => !value.includes('\0'), { error: 'a value without NUL characters' });

/** Environment variables; every scalar keeps its source text (spec 01 §2), see `sourceTextPaths`. */
export const environmentMap = z.record(variableName, variableValue, {
  error: 'a map from variable name to value',
});

export const pattern = z.string({ error: 'a regular expression' }).check((context) => {
  const problem = pythonPatternProblem(context.value);
  if (problem !== null) {
    const message = `a valid regular expression (this one: ${problem})`;
    context.issues.push({ code: 'custom', message, input: context.value });
  }
});

/** Whether a slash-separated path is relative and stays inside the folder it is relative to. */
export function staysInside(path: string): boolean {
  if (path.startsWith('/') || path.includes('\\')) {
    return false;
  }
  let depth = 0;
  for (const segment of path.split('/')) {
    depth += segment === '..' ? -1 : segment === '.' || segment === '' ? 0 : 1;
    if (depth < 0) {
      return false;
    }
  }
  return true;
}

export const repositoryPath = nonEmptyText.refine(staysInside, {
  error: 'a path relative to the repository root that stays inside it',
});

export const absolutePath = text.refine((value) => value.startsWith('/'), { error: 'an absolute path' });
