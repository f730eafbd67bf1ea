import type { SyntaxNode } from 'tree-sitter';

import type { AssignmentBranch } from '../../domain/discovery/source-facts.ts';
import { excerpt } from '../expression.ts';

/**
 * The branches of `if` statements that a module-level statement stands in, outermost first; null where something else (a
 * loop, a `try`, a `with`) decides as well, so that no one branch gives the value.
 */
export function branchOf(statement: SyntaxNode): AssignmentBranch | null {
  const labels: string[] = [];
  let condition: string | null = null;
  let outermost: SyntaxNode | null = null;
  let below = statement;
  for (let node = statement.parent; node !== null && node.type !== 'module'; node = node.parent) {
    if (node.type === 'if_statement') {
      const { label, asked } = labelIn(node, below);
      labels.unshift(label);
      condition ??= asked;
      outermost = node;
    } else if (!/^(?:block|elif_clause|else_clause)$/.test(node.type)) {
      return null;
    }
    below = node;
  }
  return outermost === null ? null : { labels, condition: condition ?? '', statement: outermost.startIndex };
}

/** `if`, `elif`, `elif2`, …, `else`: the part of an `if` statement that a node below it belongs to. */
function labelIn(statement: SyntaxNode, below: SyntaxNode): { label: string; asked: string } {
  const alternatives = statement.namedChildren.filter(({ type }) => /^(?:elif|else)_clause$/.test(type));
  const at = alternatives.findIndex(({ id }) => id === below.id);
  const clause = alternatives[at];
  const asked = excerpt((clause ?? statement).childForFieldName('condition')?.text ?? '');
  if (clause === undefined) {
    return { label: 'if', asked };
  }
  if (clause.type === 'else_clause') {
    return { label: 'else', asked: '' };
  }
  return { label: at === 0 ? 'elif' : `elif${at + 1}`, asked };
}
