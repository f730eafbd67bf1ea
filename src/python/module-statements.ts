import type { SyntaxNode } from 'tree-sitter';

import type { ModuleStatement } from './parse-module.ts';

const compoundStatements: ReadonlySet<string> = new Set([
  'if_statement',
  'for_statement',
  'while_statement',
  'try_statement',
  'with_statement',
  'match_statement',
]);

/** Parts of a compound statement whose statements still run at module level. */
const clauses: ReadonlySet<string> = new Set([
  'block',
  'elif_clause',
  'else_clause',
  'except_clause',
  'except_group_clause',
  'finally_clause',
  'case_clause',
]);

/** Statements that may bind or unbind a name of the scope they stand in. */
const bindingStatements: ReadonlySet<string> = new Set([
  'expression_statement',
  'import_from_statement',
  'delete_statement',
]);

/** Whether a statement of this node type runs its body conditionally or repeatedly in the scope it stands in. */
export function isCompoundStatement(type: string): boolean {
  return compoundStatements.has(type);
}

/**
 * The simple statements inside a compound statement that bind names in the module's own scope, source order; bodies of
 * functions and classes are not entered.
 */
export function statementsInside(compound: SyntaxNode): SyntaxNode[] {
  return compound.namedChildren.flatMap((child) => {
    if (compoundStatements.has(child.type) || clauses.has(child.type)) {
      return statementsInside(child);
    }
    return bindingStatements.has(child.type) ? [child] : [];
  });
}

/** The function behind a module-level statement, its decorators taken off; null for anything else. */
export function functionOf(statement: ModuleStatement): SyntaxNode | null {
  if (statement.type === 'function_definition') {
    return statement.node;
  }
  const inner =
    statement.type === 'decorated_definition' ? statement.node.childForFieldName('definition') : null;
  return inner?.type === 'function_definition' ? inner : null;
}
