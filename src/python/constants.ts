import type { SyntaxNode } from 'tree-sitter';

import {
  type Assignment,
  type AssignmentForm,
  type ConstantValue,
  isConstantName,
} from '../domain/discovery/source-facts.ts';
import { readValue } from './constant-value.ts';
import {
  isCompoundStatement,
  type ModuleStatement,
  type PythonModule,
  statementsInside,
} from './parse-module.ts';

/**
 * What gives or takes a module-level constant's name besides assignments and imports: `del`, `global` in a function,
 * and the targets of loops, `with`, `except` and definitions. None of them has a value that could be read.
 */
export function readRebindings(module: PythonModule): Assignment[] {
  const { source } = module;
  return [
    ...(/\bdel\b/.test(source) ? readDeletions(module) : []),
    ...(/\bglobal\b/.test(source) ? readGlobals(module) : []),
    ...readCompoundTargets(module),
    ...readDefinitions(module),
  ];
}

function rebinding(node: SyntaxNode, form: AssignmentForm, module: PythonModule): Assignment {
  const valueSpan = module.spanOf(node);
  const value = { kind: 'computed' as const, text: node.text, keys: [] };
  return { name: node.text, form, target: module.positionOf(node), value, valueSpan };
}

function readDeletions(module: PythonModule): Assignment[] {
  const deletions = module.statements.flatMap(({ node, type }) =>
    isCompoundStatement(type) ? statementsInside(node) : [node],
  );
  return deletions
    .filter((node) => node.type === 'delete_statement')
    .flatMap((statement) => statement.namedChildren.flatMap((child) => namesOf(child, 'deleted')))
    .map(({ node, form }) => rebinding(node, form, module));
}

/** The constants' names in a target; an item of one changes it. */
function namesOf(target: SyntaxNode, form: AssignmentForm): { node: SyntaxNode; form: AssignmentForm }[] {
  if (target.type === 'identifier') {
    return isConstantName(target.text) ? [{ node: target, form }] : [];
  }
  if (target.type === 'subscript') {
    const value = target.childForFieldName('value');
    return value === null ? [] : namesOf(value, 'item');
  }
  return /^(?:expression_list|tuple|list|pattern_list|(?:tuple|list|list_splat)_pattern|parenthesized_expression|as_pattern_target)$/.test(
    target.type,
  )
    ? target.namedChildren.flatMap((child) => namesOf(child, form))
    : [];
}

/** `global X` is only written to set X, so the value after the function ran is not the one at module level. */
function readGlobals(module: PythonModule): Assignment[] {
  return module.statements
    .filter(({ type, text }) => type.endsWith('_definition') && /\bglobal\b/.test(text))
    .flatMap(({ node }) => node.descendantsOfType('global_statement'))
    .flatMap((statement) => statement.namedChildren)
    .filter((name) => isConstantName(name.text))
    .map((name) => rebinding(name, 'global', module));
}

function readCompoundTargets(module: PythonModule): Assignment[] {
  return module.statements
    .filter(({ type }) => isCompoundStatement(type))
    .flatMap(({ node }) => targetsBelow(node))
    .flatMap((target) => namesOf(target, 'rebound'))
    .map(({ node }) => rebinding(node, 'rebound', module));
}

/** Targets of loops, `with … as` and `except … as`; bodies of functions and classes are not entered. */
function targetsBelow(node: SyntaxNode): SyntaxNode[] {
  const own = node.type === 'for_statement' ? node.childForFieldName('left') : null;
  const alias = node.type === 'as_pattern' ? node.childForFieldName('alias') : null;
  const below = /_definition$|^(?:expression_statement|import_from_statement|delete_statement)$/.test(
    node.type,
  )
    ? []
    : node.namedChildren.flatMap(targetsBelow);
  return [own, alias, ...below].filter((target) => target !== null);
}

/** The name is read from the text: asking the tree for each of many definitions takes long. */
function readDefinitions(module: PythonModule): Assignment[] {
  return module.statements.flatMap(({ node, type, text }) => {
    const name = type.endsWith('_definition')
      ? (/^(?:(?:async\s+)?def|class)\s+([^\s(:[]+)/m.exec(text)?.[1] ?? '')
      : '';
    if (!isConstantName(name)) {
      return [];
    }
    const definition = type === 'decorated_definition' ? node.childForFieldName('definition') : node;
    const target = definition?.childForFieldName('name') ?? null;
    return target === null ? [] : [rebinding(target, 'rebound', module)];
  });
}

/**
 * Every binding of a constant's name in the module's scope, source order: the constants themselves, and the
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
