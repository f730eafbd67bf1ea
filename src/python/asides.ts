import type { SyntaxNode } from 'tree-sitter';

import type { Aside, WildcardImport } from '../domain/discovery/source-facts.ts';
import { readValue } from './constant-value.ts';
import type { PythonModule } from './parse-module.ts';

/** Where a local assignment to a constant's name may stand; whether it is one is asked of the tree. */
const localAssignment = /(?:^[ \t]+|[:;][ \t]*)(_?[A-Z][A-Z0-9_]*)[ \t]*(?::[^=\n]*)?=(?!=)/gm;

const bareAnnotation = /^_?[A-Z][A-Z0-9_]*\s*:/;

/**
 * What reads like a constant of the module and is none, source order: assignments inside functions and classes, and
 * annotations without a value. A threshold among them must be reported, never silently dropped.
 */
export function readAsides(module: PythonModule): Aside[] {
  return [...readLocals(module), ...readBareAnnotations(module)].sort(
    (left, right) => left.line - right.line || left.column - right.column,
  );
}

function readLocals(module: PythonModule): Aside[] {
  return [...module.source.matchAll(localAssignment)].flatMap((match) => {
    const name = match[1] ?? '';
    const target = module.root.descendantForIndex(match.index + match[0].indexOf(name));
    const assignment = target.type === 'identifier' ? target.parent : null;
    const right = assignment?.type === 'assignment' ? assignment.childForFieldName('right') : null;
    const scope = right === null ? null : scopeOf(target);
    if (right === null || scope === null || assignment?.childForFieldName('left')?.id !== target.id) {
      return [];
    }
    return [{ name, scope, value: readValue(right, module).value, ...module.positionOf(target) }];
  });
}

/** The function or class that a node belongs to; null at module level. */
function scopeOf(node: SyntaxNode): string | null {
  for (let current = node.parent; current !== null; current = current.parent) {
    if (current.type === 'function_definition' || current.type === 'class_definition') {
      const kind = current.type === 'class_definition' ? 'class' : 'function';
      return `${kind} ${current.childForFieldName('name')?.text ?? ''}`;
    }
  }
  return null;
}

function readBareAnnotations(module: PythonModule): Aside[] {
  return module.statements.flatMap((statement) => {
    const isCandidate = statement.type === 'expression_statement' && bareAnnotation.test(statement.text);
    const assignment = isCandidate ? statement.node.firstNamedChild : null;
    const target = assignment?.type === 'assignment' ? assignment.childForFieldName('left') : null;
    if (assignment === null || target === null || assignment.childForFieldName('right') !== null) {
      return [];
    }
    const value = { kind: 'none' as const, text: '', keys: [] };
    return [{ name: target.text, scope: null, value, ...module.positionOf(target) }];
  });
}

/** The module-level `from … import *`, source order. */
export function readWildcardImports(module: PythonModule): WildcardImport[] {
  return module.statements
    .filter(({ type, text }) => type === 'import_from_statement' && /\*\s*(?:#.*)?$/.test(text))
    .map(({ node }) => ({
      module: node.childForFieldName('module_name')?.text ?? '',
      ...module.positionOf(node),
    }));
}
