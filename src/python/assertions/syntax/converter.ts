import type { SyntaxNode } from 'tree-sitter';

import type { Expr } from './syntax.ts';

/** What the rules that convert one kind of node call for the nodes inside it. */
export interface Converter {
  source: string;
  convert: (node: SyntaxNode | null, depth: number) => Expr;
}
