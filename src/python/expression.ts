import type { SyntaxNode } from 'tree-sitter';

/** The text of a string literal without prefix, interpolation or escapes; null for any other node. */
export function plainString(node: SyntaxNode): string | null {
  if (node.type !== 'string') {
    return null;
  }
  const match = /^[rRuU]?("""|'''|"|')([^\\]*)\1$/s.exec(node.text);
  return match?.[2] ?? null;
}

/** An expression in one line of a message. */
export function excerpt(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > 60 ? `${line.slice(0, 57)}...` : line;
}

/** Named children, comments left out. */
export function codeChildren(node: SyntaxNode): SyntaxNode[] {
  return node.namedChildren.filter((child) => child.type !== 'comment');
}

/** `3`, `-0.5`, `+3`: a numeral token with at most one sign in front. */
export function isNumeral(node: SyntaxNode): boolean {
  const { type } = node;
  const operand = type === 'unary_operator' ? node.childForFieldName('argument')?.type : type;
  return operand === 'integer' || operand === 'float';
}

/** The expression inside any number of parentheses. */
export function withoutParentheses(node: SyntaxNode): SyntaxNode {
  let current = node;
  for (;;) {
    const inner =
      current.type === 'parenthesized_expression'
        ? current.namedChildren.find((child) => child.type !== 'comment')
        : undefined;
    if (inner === undefined) {
      return current;
    }
    current = inner;
  }
}
