import type { z } from 'zod';

import { CalibError } from '../calib-error.ts';
import { issueText } from '../issue-text.ts';
import { shown, shownList } from '../untrusted/cut-text.ts';
import { nearestName, refuseSecrets } from './names.ts';
import { keysAt, readYamlTree, type YamlTree } from './yaml.ts';

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

/** Something that a person should know about a valid file. */
export interface CatalogNotice {
  path: readonly PropertyKey[];
  message: string;
}

export interface CatalogDocumentSource<Schema extends z.ZodType> {
  /** As shown in messages. */
  file: string;
  yaml: string;
  schema: Schema;
  /** Paths (`a.*.b`) of scalars that keep their source text. */
  sourceTextPaths: readonly string[];
  check?: (value: z.infer<Schema>) => CatalogProblem[];
  /** Looked at when the file is valid; each becomes a warning at the key it names. */
  notices?: (value: z.infer<Schema>) => CatalogNotice[];
}

function dotted(path: readonly PropertyKey[]): string {
  return path.map((part) => shown(String(part))).join('.');
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const segment of path) {
    value = typeof value === 'object' && value !== null ? Reflect.get(value, segment) : undefined;
  }
  return value;
}

/** What stands in the file, short enough for a message. */
function describeFound(value: unknown, path: readonly PropertyKey[]): string {
  if (value === undefined) {
    return path.length === 0 ? 'nothing (the file is empty)' : 'nothing (the key is required)';
  }
  if (Array.isArray(value)) {
    return value.length === 0 ? 'an empty list' : `a list (${JSON.stringify(value).slice(0, 80)})`;
  }
  if (typeof value === 'object' && value !== null) {
    const keys = Object.keys(value);
    return keys.length === 0 ? 'an empty map' : `a map (${shownList(keys.slice(0, 5), 5).join(', ')})`;
  }
  const shown = (JSON.stringify(value) ?? '').slice(0, 120);
  return typeof value === 'string' ? shown : `${shown} (${value === null ? 'empty' : typeof value})`;
}

/**
 * Removes unknown keys from the value (in place) and returns their paths in file order, those with nothing below
 * included.
 */
function dropUnknownKeys(
  schema: z.ZodType,
  tree: YamlTree,
  issues: readonly z.core.$ZodIssue[],
): PropertyKey[][] {
  const paths = issues.flatMap((issue) => {
    const parent = valueAt(tree.value, issue.path);
    return issue.code !== 'unrecognized_keys'
      ? []
      : issue.keys.map((key) => {
          if (typeof parent === 'object' && parent !== null) {
            Reflect.deleteProperty(parent, key);
          }
          return [...issue.path, key];
        });
  });
  const empty = tree.emptyKeys.filter((path) => {
    const known = keysAt(schema, path.slice(0, -1));
    return known.length > 0 && !known.includes(path.at(-1) ?? '');
  });
  const placed = [...paths, ...empty].map((path) => ({ path, at: tree.locate(path, 'key') }));
  placed.sort(({ at: left }, { at: right }) => left.line - right.line || left.column - right.column);
  return placed.map(({ path }) => path);
}

function unknownKeyLine(
  source: CatalogDocumentSource<z.ZodType>,
  tree: YamlTree,
  path: PropertyKey[],
): string {
  const { line, column } = tree.locate(path, 'key');
  const known = keysAt(source.schema, path.slice(0, -1));
  const near = nearestName(String(path.at(-1)), known);
  const hint = near === null ? `known here: ${known.join(', ')}` : `did you mean ${near}?`;
  return `${source.file}:${line}:${column}: ${dotted(path)}: unknown key, ignored; ${hint}`;
}

function problemOf(issue: z.core.$ZodIssue): CatalogProblem & { part: 'key' | 'value' } {
  return issue.code === 'invalid_key'
    ? { path: issue.path, valid: issue.issues.map(issueText)[0] ?? issueText(issue), part: 'key' }
    : { path: issue.path, valid: issueText(issue), part: 'value' };
}

/** Unknown keys are told as well: one of them may be the misspelt key that is missing. */
function failure(failed: {
  file: string;
  tree: YamlTree;
  problems: readonly (CatalogProblem & { part?: 'key' | 'value' })[];
  warnings: readonly string[];
}): CalibError {
  const { file, tree, problems, warnings } = failed;
  const lines = problems.map(({ path, valid, part = 'value' }) => {
    const { line, column } = tree.locate(path, part);
    const value = path.length === 0 && tree.value === null ? undefined : valueAt(tree.value, path);
    const found = part === 'key' ? `key ${shown(String(path.at(-1)))}` : describeFound(value, path);
    return `${file}:${line}:${column}: ${dotted(path) || 'the file'}: found ${found}; valid: ${valid}`;
  });
  return new CalibError('invalid-input', [...lines, ...warnings].join('\n'), { remedy: `correct ${file}` });
}

/**
 * Reads a catalog file through its schema: nothing of it is looked at later, hours into a run.
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
    throw new CalibError('invalid-input', lines.join('\n'), { remedy: `correct the YAML of ${file}` });
  }
  refuseSecrets(file, tree);
  let parsed = schema.safeParse(tree.value);
  const unknown = dropUnknownKeys(schema, tree, parsed.error?.issues ?? []);
  const warnings = unknown.map((path) => unknownKeyLine(source, tree, path));
  if (!parsed.success) {
    parsed = schema.safeParse(tree.value);
  }
  if (!parsed.success) {
    throw failure({ file, tree, problems: parsed.error.issues.map(problemOf), warnings });
  }
  const { data } = parsed;
  const problems = source.check?.(data) ?? [];
  if (problems.length > 0) {
    throw failure({ file, tree, problems, warnings });
  }
  const notices = (source.notices?.(data) ?? []).map(({ path, message }) => {
    const { line, column } = tree.locate(path, 'key');
    return `${file}:${line}:${column}: ${dotted(path)}: ${message}`;
  });
  return { value: data, warnings: [...warnings, ...notices] };
}
