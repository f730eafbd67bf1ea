import type { SyntaxNode } from 'tree-sitter';

/** Children that are code. */
export function codeChildren(node: SyntaxNode): SyntaxNode[] {
  return node.namedChildren.filter(({ type }) => type !== 'comment' && type !== 'line_continuation');
}

export function lineOf(node: SyntaxNode): number {
  return node.startPosition.row + 1;
}
