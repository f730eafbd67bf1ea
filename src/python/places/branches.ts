import type { SyntaxNode } from 'tree-sitter';

import type { AssignmentBranch } from '../../domain/discovery/source-facts.ts';
import { excerpt } from '../expression.ts';

/** Reads the branches of the statements of one module. */
export type BranchReader = (statement: SyntaxNode) => AssignmentBranch | null;

/**
 * The branches of `if` statements that a module-level statement stands in, outermost first; null where something else (a
 * loop, a `try`, a `with`) decides as well, so that no one branch gives the value. The clauses of a statement are read once,
 * however many statements of the module stand in them.
 */
export function branchReader(): BranchReader {
  const read = new Map<number, Clauses>();
  const clausesOf = (statement: SyntaxNode): Clauses => {
    const known = read.get(statement.id) ?? readClauses(statement);
    read.set(statement.id, known);
    return known;
  };
  return (statement) => branchOf(statement, clausesOf);
}

/** By node id: the label of an `elif` or `else` clause. */
type Clauses = ReadonlyMap<number, string>;

function readClauses(statement: SyntaxNode): Clauses {
  const clauses = new Map<number, string>();
  for (const { id, type } of statement.namedChildren) {
    if (type === 'else_clause') clauses.set(id, 'else');
    else if (type === 'elif_clause') clauses.set(id, clauses.size === 0 ? 'elif' : `elif${clauses.size + 1}`);
  }
  return clauses;
}

function branchOf(
  statement: SyntaxNode,
  clausesOf: (statement: SyntaxNode) => Clauses,
): AssignmentBranch | null {
  const labels: string[] = [];
  let condition: string | null = null;
  let outermost: SyntaxNode | null = null;
  let below = statement;
  for (let node = statement.parent; node !== null && node.type !== 'module'; node = node.parent) {
    if (node.type === 'if_statement') {
      const label = clausesOf(node).get(below.id) ?? 'if';
      labels.unshift(label);
      condition ??= label === 'else' ? '' : conditionOf(label === 'if' ? node : below);
      outermost = node;
    } else if (!/^(?:block|elif_clause|else_clause)$/.test(node.type)) {
      return null;
    }
    below = node;
  }
  return outermost === null ? null : { labels, condition: condition ?? '', statement: outermost.startIndex };
}

function conditionOf(clause: SyntaxNode): string {
  return excerpt(clause.childForFieldName('condition')?.text ?? '');
}
