import type { SyntaxNode } from 'tree-sitter';

import type { TmpPathFunction } from '../domain/discovery/source-facts.ts';
import { plainString } from './constant-value.ts';
import { functionOf } from './module-statements.ts';
import type { PythonModule } from './parse-module.ts';

/**
 * Nodes of tree-sitter's tree that Python's own syntax tree does not have. "First" in spec 02 §9 is breadth-first over
 * Python's tree, so these do not count as a level.
 */
const transparent: ReadonlySet<string> = new Set([
  'block',
  'argument_list',
  'parenthesized_expression',
  'with_clause',
  'as_pattern',
]);

/** The module-level functions, sync or async, with a positional parameter `tmp_path`, source order (spec 02 §9). */
export function readTmpPathFunctions(module: PythonModule): TmpPathFunction[] {
  return module.statements.flatMap((statement) => {
    // Most functions take no tmp_path: their text tells it without a look at the tree.
    const definition = statement.text.includes('tmp_path') ? functionOf(statement) : null;
    if (definition === null || !hasTmpPath(definition)) {
      return [];
    }
    return [
      { name: definition.childForFieldName('name')?.text ?? '', directory: firstDirectory(definition) },
    ];
  });
}

function hasTmpPath(definition: SyntaxNode): boolean {
  for (const parameter of definition.childForFieldName('parameters')?.namedChildren ?? []) {
    if (parameter.type === 'keyword_separator' || /splat/.test(parameter.type)) {
      return false;
    }
    const isStar =
      parameter.type === 'typed_parameter' && /splat/.test(parameter.firstNamedChild?.type ?? '');
    if (isStar) {
      return false;
    }
    if (parameterName(parameter) === 'tmp_path') {
      return true;
    }
  }
  return false;
}

function parameterName(parameter: SyntaxNode): string | undefined {
  if (parameter.type === 'identifier') {
    return parameter.text;
  }
  return (parameter.childForFieldName('name') ?? parameter.firstNamedChild)?.text;
}

function firstDirectory(definition: SyntaxNode): string | null {
  let best: { depth: number; directory: string } | null = null;
  for (const node of definition.descendantsOfType('binary_operator')) {
    const directory = tmpPathChild(node);
    const depth = directory === null ? 0 : depthBelow(node, definition);
    if (directory !== null && (best === null || depth < best.depth)) {
      best = { depth, directory };
    }
  }
  return best?.directory ?? null;
}

/** The literal of `tmp_path / "<literal>"`. */
function tmpPathChild(node: SyntaxNode): string | null {
  const [left, right] = [node.childForFieldName('left'), node.childForFieldName('right')];
  const isDivision = node.childForFieldName('operator')?.type === '/';
  return isDivision && left?.text === 'tmp_path' && right !== null ? plainString(right) : null;
}

function depthBelow(node: SyntaxNode, ancestor: SyntaxNode): number {
  let depth = 0;
  for (let current = node.parent; current !== null && current.id !== ancestor.id; current = current.parent) {
    const wrapsAssignment =
      current.type === 'expression_statement' && /assignment/.test(current.firstNamedChild?.type ?? '');
    depth += transparent.has(current.type) || wrapsAssignment ? 0 : 1;
  }
  return depth;
}
