import type { z } from 'zod';

import { CalibError } from '../calib-error.ts';
import { nearestName } from './nearest-name.ts';
import { keysAt } from './schema-at.ts';
import { isSecretVariableName, secretReason } from './secret-value.ts';
import { readYamlTree, type YamlTree } from './yaml-tree.ts';

/** A validated catalog file, with what a person should know about it. */
export interface CatalogDocument<Value> {
  value: Value;
  /** One sentence each, beginning with `file:line:column`; unknown keys end up here and not in `value`. */
  warnings: string[];
}

/** A rule between keys that a schema cannot state; `valid` completes "valid: …". */
export interface CatalogProblem {
  path: readonly PropertyKey[];
  valid: string;
}

export interface CatalogDocumentSource<Schema extends z.ZodType> {
  /** As shown in messages. */
  file: string;
  yaml: string;
  schema: Schema;
  /** Paths (`a.*.b`) of scalars that keep their source text (spec 01 §2). */
  sourceTextPaths: readonly string[];
  check?: (value: z.infer<Schema>) => CatalogProblem[];
}

function dotted(path: readonly PropertyKey[]): string {
  return path.map(String).join('.');
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const segment of path) {
    value = typeof value === 'object' && value !== null ? Reflect.get(value, segment) : undefined;
  }
  return value;
}

/** What stands in the file, short enough for a message. */
function describeFound(value: unknown): string {
  if (value === undefined) {
    return 'nothing (the key is required)';
  }
  if (Array.isArray(value)) {
    return value.length === 0 ? 'an empty list' : `a list (${JSON.stringify(value).slice(0, 80)})`;
  }
  if (typeof value === 'object' && value !== null) {
    const keys = Object.keys(value);
    return keys.length === 0 ? 'an empty map' : `a map (${keys.slice(0, 5).join(', ')})`;
  }
  const shown = (JSON.stringify(value) ?? '').slice(0, 120);
  return typeof value === 'string' ? shown : `${shown} (${value === null ? 'empty' : typeof value})`;
}

/** Every string of the document with its path, so that no part of it escapes the search for secrets. */
function* strings(
  value: unknown,
  path: PropertyKey[] = [],
): Generator<{ path: PropertyKey[]; text: string }> {
  if (typeof value === 'string') {
    yield { path, text: value };
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, child] of Object.entries(value)) {
      yield* strings(child, [...path, key]);
    }
  }
}

function isEnvironmentPath(path: readonly PropertyKey[]): boolean {
  return path.some((segment) => segment === 'auto_env' || segment === 'extra_env' || segment === 'env');
}

function refuseSecrets(file: string, tree: YamlTree): void {
  const found = [...strings(tree.value)].flatMap(({ path, text }) => {
    const named = isEnvironmentPath(path) && isSecretVariableName(String(path.at(-1))) && text !== '';
    const reason = secretReason(text) ?? (named ? 'a value for a secret variable' : null);
    const { line, column } = tree.locate(path);
    return reason === null ? [] : [`${file}:${line}:${column}: ${dotted(path)}: found ${reason} (not shown)`];
  });
  if (found.length > 0) {
    throw new CalibError('invalid-input', found.join('\n'), {
      remedy:
        'Keep secrets in the environment of the worker; the catalog is shared and recorded with every session.',
    });
  }
}

/** Removes unknown keys from the value (in place) and reports each with the nearest known one. */
function dropUnknownKeys(
  source: CatalogDocumentSource<z.ZodType>,
  tree: YamlTree,
  issues: readonly z.core.$ZodIssue[],
): string[] {
  return issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys') {
      return [];
    }
    const known = keysAt(source.schema, issue.path);
    const parent = valueAt(tree.value, issue.path);
    return issue.keys.map((key) => {
      if (typeof parent === 'object' && parent !== null) {
        Reflect.deleteProperty(parent, key);
      }
      const path = [...issue.path, key];
      const { line, column } = tree.locate(path, 'key');
      const near = nearestName(key, known);
      const hint = near === null ? `known here: ${known.join(', ')}` : `did you mean ${near}?`;
      return `${source.file}:${line}:${column}: ${dotted(path)}: unknown key, ignored; ${hint}`;
    });
  });
}

function problemOf(issue: z.core.$ZodIssue): CatalogProblem & { part: 'key' | 'value' } {
  return issue.code === 'invalid_key'
    ? { path: issue.path, valid: issue.issues[0]?.message ?? issue.message, part: 'key' }
    : { path: issue.path, valid: issue.message, part: 'value' };
}

function failure(
  file: string,
  tree: YamlTree,
  problems: readonly (CatalogProblem & { part?: 'key' | 'value' })[],
): CalibError {
  const lines = problems.map(({ path, valid, part = 'value' }) => {
    const { line, column } = tree.locate(path, part);
    const found = part === 'key' ? `key ${String(path.at(-1))}` : describeFound(valueAt(tree.value, path));
    return `${file}:${line}:${column}: ${dotted(path) || 'the file'}: found ${found}; valid: ${valid}`;
  });
  return new CalibError('invalid-input', lines.join('\n'), { remedy: `Correct ${file}.` });
}

/**
 * Reads a catalog file through its schema (spec 01 §2): nothing of it is looked at later, hours into a run.
 *
 * @throws CalibError `invalid-input` with one line per problem: file, line, column, key, found, valid
 */
export function readCatalogDocument<Schema extends z.ZodType>(
  source: CatalogDocumentSource<Schema>,
): CatalogDocument<z.infer<Schema>> {
  const { file, schema } = source;
  const tree = readYamlTree(source.yaml, source.sourceTextPaths);
  if (tree.problems.length > 0) {
    const lines = tree.problems.map(({ line, column, message }) => `${file}:${line}:${column}: ${message}`);
    throw new CalibError('invalid-input', lines.join('\n'), { remedy: `Correct the YAML of ${file}.` });
  }
  refuseSecrets(file, tree);
  const warnings: string[] = [];
  let parsed = schema.safeParse(tree.value);
  if (!parsed.success) {
    warnings.push(...dropUnknownKeys(source, tree, parsed.error.issues));
    parsed = schema.safeParse(tree.value);
  }
  if (!parsed.success) {
    throw failure(file, tree, parsed.error.issues.map(problemOf));
  }
  const problems = source.check?.(parsed.data) ?? [];
  if (problems.length > 0) {
    throw failure(file, tree, problems);
  }
  return { value: parsed.data, warnings };
}
