import type { SyntaxNode } from 'tree-sitter';

import {
  isConstantName,
  type Assignment,
  type AssignmentForm,
  type ConstantValue,
} from '../domain/discovery/source-facts.ts';
import { readValue } from './constant-value.ts';
import { isCompoundStatement, statementsInside } from './module-statements.ts';
import type { ModuleStatement, PythonModule } from './parse-module.ts';
import { readRebindings } from './rebindings.ts';

/**
 * Every binding of a constant's name in the module's scope, source order (spec 02 §3): the constants themselves, and the
 * forms that make a threshold unusable (conditional, augmented, deleted, imported, …), each with its position.
 */
export function readAssignments(module: PythonModule): Assignment[] {
  const found = module.statements.flatMap((statement) =>
    isCompoundStatement(statement.type)
      ? statementsInside(statement.node).flatMap((node) =>
          readStatement({ node, type: node.type }, module, true),
        )
      : readStatement(statement, module, false),
  );
  const walruses = module.source.includes(':=') ? readWalruses(module) : [];
  return [...found, ...walruses, ...readRebindings(module)].sort(bySourceOrder);
}

function bySourceOrder(left: Assignment, right: Assignment): number {
  return left.target.line - right.target.line || left.target.column - right.target.column;
}

function readStatement(
  statement: Pick<ModuleStatement, 'node' | 'type'>,
  module: PythonModule,
  conditional: boolean,
): Assignment[] {
  if (statement.type === 'import_from_statement') {
    return readImport(statement.node, module);
  }
  if (statement.type !== 'expression_statement') {
    return [];
  }
  const targets: { node: SyntaxNode; form: AssignmentForm }[] = [];
  let node = statement.node.firstNamedChild;
  let right: SyntaxNode | null = null;
  while (node !== null && (node.type === 'assignment' || node.type === 'augmented_assignment')) {
    const left = node.childForFieldName('left');
    if (left !== null) {
      targets.push(...readTarget(left, formOf(node)));
    }
    right = node.childForFieldName('right');
    node = right;
  }
  if (right === null || targets.length === 0) {
    return [];
  }
  const { value, span } = readValue(right, module);
  return targets.map((target) => ({
    name: target.node.text,
    form: conditional ? 'conditional' : target.form,
    target: module.positionOf(target.node),
    value,
    valueSpan: span,
  }));
}

function formOf(assignment: SyntaxNode): AssignmentForm {
  if (assignment.type === 'augmented_assignment') {
    return 'augmented';
  }
  return assignment.childForFieldName('type') === null ? 'plain' : 'annotated';
}

/** The constants that a target names; `(A) = 1` is a plain target, `A["x"] = 1` changes an item of `A`. */
function readTarget(target: SyntaxNode, form: AssignmentForm): { node: SyntaxNode; form: AssignmentForm }[] {
  switch (target.type) {
    case 'identifier':
      return isConstantName(target.text) ? [{ node: target, form }] : [];
    case 'subscript': {
      const value = target.childForFieldName('value');
      return value === null ? [] : readTarget(value, 'item');
    }
    case 'tuple_pattern':
    case 'list_pattern':
    case 'pattern_list': {
      const parts = target.namedChildren;
      const parenthesised =
        target.type === 'tuple_pattern' && parts.length === 1 && !target.text.includes(',');
      return parts.flatMap((part) => readTarget(part, parenthesised ? form : 'tuple'));
    }
    case 'list_splat_pattern':
      return target.namedChildren.flatMap((part) => readTarget(part, 'tuple'));
    default:
      return [];
  }
}

/** `from limits import X_MIN_ACCURACY`: the name is a constant, its literal is in another file. */
function readImport(statement: SyntaxNode, module: PythonModule): Assignment[] {
  const origin = statement.childForFieldName('module_name');
  const source: ConstantValue = { kind: 'computed', text: `imported from ${origin?.text ?? '?'}`, keys: [] };
  return statement.namedChildren.flatMap((child) => {
    const name = child.type === 'aliased_import' ? child.childForFieldName('alias') : child;
    if (name === null || child.id === origin?.id || !isConstantName(name.text)) {
      return [];
    }
    const valueSpan = module.spanOf(name);
    return [{ name: name.text, form: 'imported', target: module.positionOf(name), value: source, valueSpan }];
  });
}

function readWalruses(module: PythonModule): Assignment[] {
  return module.statements
    .filter((statement) => !statement.type.endsWith('_definition'))
    .filter((statement) => statement.text.includes(':='))
    .flatMap((statement) => statement.node.descendantsOfType('named_expression'))
    .flatMap((expression) => {
      const name = expression.childForFieldName('name');
      const right = expression.childForFieldName('value');
      if (name === null || right === null || !isConstantName(name.text)) {
        return [];
      }
      const { value, span } = readValue(right, module);
      return [{ name: name.text, form: 'walrus', target: module.positionOf(name), value, valueSpan: span }];
    });
}
