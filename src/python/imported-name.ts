import type { SyntaxNode } from 'tree-sitter';

import { readAssignments } from './constants.ts';
import { parseModule } from './parse-module.ts';
import { settledNumber } from './constant-value.ts';

/** Where `from … import …` takes a name from. */
export interface ImportOrigin {
  /** Dotted, without the leading dots; empty for `from . import x`. */
  module: string;
  /** Leading dots: 0 for an absolute import. */
  level: number;
  /** The name there. */
  name: string;
}

/** What a module says about a constant: its number, whose it is, or nothing certain. */
export type NamedNumber =
  | { kind: 'number'; text: string }
  | { kind: 'imported'; origin: ImportOrigin }
  | { kind: 'unknown' };

/**
 * The number behind a module-level name, or the import that binds it. Where anything else binds the name after that
 * import, a condition included, nothing is certain.
 *
 * @param source the file as decoded text; one that does not parse says nothing
 */
export function readNamedNumber(source: string, name: string): NamedNumber {
  const parsed = parseModule(source);
  if (parsed.kind === 'syntax-error') return { kind: 'unknown' };
  const assignments = readAssignments(parsed.module);
  const number = settledNumber(assignments, name);
  if (number !== null) return { kind: 'number', text: number.text };
  if (assignments.findLast((assignment) => assignment.name === name)?.form !== 'imported')
    return { kind: 'unknown' };
  const origin = parsed.module.statements
    .filter(({ type }) => type === 'import_from_statement')
    .flatMap(({ node }) => importOrigins(node))
    .findLast(({ local }) => local === name);
  return origin === undefined ? { kind: 'unknown' } : { kind: 'imported', origin: origin.origin };
}

function importOrigins(statement: SyntaxNode): { local: string; origin: ImportOrigin }[] {
  const from = statement.childForFieldName('module_name');
  const [, dots = '', module = ''] = /^(\.*)\s*(.*)$/s.exec(from?.text ?? '') ?? [];
  return statement.namedChildren.flatMap((child) => {
    if (child.id === from?.id) return [];
    const name = child.type === 'aliased_import' ? child.childForFieldName('name') : child;
    const local = child.type === 'aliased_import' ? child.childForFieldName('alias') : child;
    if (name === null || local === null) return [];
    return [{ local: local.text, origin: { module, level: dots.length, name: name.text } }];
  });
}
