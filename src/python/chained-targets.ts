import { Buffer } from 'node:buffer';

import type { SyntaxNode } from 'tree-sitter';

import type { FoundLiteral, LiteralTarget } from './locate-literal.ts';
import type { PythonModule } from './parse-module.ts';

/**
 * Why a literal cannot be edited for its own symbol alone, or null: in `A = B = 0.5` a new value for `A` is one for `B`
 * as well, and nothing that is not in the plan is ever changed (spec 06 §11 rule 4). Naming both is fine.
 */
export function sharedTargets(
  module: PythonModule,
  placed: readonly { target: LiteralTarget; literal: FoundLiteral }[],
): string | null {
  for (const statement of module.statements) {
    const names = statement.type === 'expression_statement' ? chainOf(statement.node) : [];
    if (names.length < 2) {
      continue;
    }
    const { startByte } = module.spanOf(statement.node);
    const endByte = startByte + Buffer.byteLength(statement.text);
    const inside = placed.filter(
      ({ literal }) => literal.startByte >= startByte && literal.endByte <= endByte,
    );
    for (const { target, literal } of inside) {
      const planned = inside
        .filter((other) => other.literal.startByte === literal.startByte)
        .map((other) => other.target.symbol);
      const other = names.find((name) => !planned.includes(name));
      if (other !== undefined) {
        return `${target.symbol} shares its literal with ${other} (line ${literal.line}), which is not in the plan`;
      }
    }
  }
  return null;
}

/** Everything that a statement assigns one value to. */
function chainOf(statement: SyntaxNode): string[] {
  const names: string[] = [];
  let node = statement.firstNamedChild;
  while (node !== null && node.type === 'assignment') {
    names.push(node.childForFieldName('left')?.text ?? '');
    node = node.childForFieldName('right');
  }
  return names;
}
