import type { SyntaxNode } from 'tree-sitter';

import {
  type Assignment,
  type AssignmentBranch,
  type AssignmentForm,
  isConstantName,
} from '../domain/discovery/source-facts.ts';
import type { LiteralTree } from '../domain/places/literal-tree.ts';
import { type BranchReader, branchReader } from './places/branches.ts';
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
export function readRebindings(module: PythonModule, accepts: Accepts): Assignment[] {
  const { source } = module;
  return [
    ...(/\bdel\b/.test(source) ? readDeletions(module, accepts) : []),
    ...(/\bglobal\b/.test(source) ? readGlobals(module, accepts) : []),
    ...readCompoundTargets(module, accepts),
    ...readDefinitions(module, accepts),
  ];
}

/** Whether bindings of a name are wanted. */
type Accepts = (name: string) => boolean;

function rebinding(node: SyntaxNode, form: AssignmentForm, module: PythonModule): Assignment {
  const valueSpan = module.spanOf(node);
  const value = { kind: 'computed' as const, text: node.text, keys: [], ...module.positionOf(node) };
  return { name: node.text, form, target: module.positionOf(node), value, valueSpan };
}

function readDeletions(module: PythonModule, accepts: Accepts): Assignment[] {
  const deletions = module.statements.flatMap(({ node, type }) =>
    isCompoundStatement(type) ? statementsInside(node) : [node],
  );
  return deletions
    .filter((node) => node.type === 'delete_statement')
    .flatMap((statement) => statement.namedChildren.flatMap((child) => namesOf(child, 'deleted', accepts)))
    .map(({ node, form }) => rebinding(node, form, module));
}

/** The constants' names in a target; an item of one changes it. */
function namesOf(
  target: SyntaxNode,
  form: AssignmentForm,
  accepts: Accepts,
): { node: SyntaxNode; form: AssignmentForm }[] {
  if (target.type === 'identifier') {
    return accepts(target.text) ? [{ node: target, form }] : [];
  }
  if (target.type === 'subscript') {
    const value = target.childForFieldName('value');
    return value === null ? [] : namesOf(value, 'item', accepts);
  }
  return /^(?:expression_list|tuple|list|pattern_list|(?:tuple|list|list_splat)_pattern|parenthesized_expression|as_pattern_target)$/.test(
    target.type,
  )
    ? target.namedChildren.flatMap((child) => namesOf(child, form, accepts))
    : [];
}

/** `global X` is only written to set X, so the value after the function ran is not the one at module level. */
function readGlobals(module: PythonModule, accepts: Accepts): Assignment[] {
  return module.statements
    .filter(({ type, text }) => type.endsWith('_definition') && /\bglobal\b/.test(text))
    .flatMap(({ node }) => node.descendantsOfType('global_statement'))
    .flatMap((statement) => statement.namedChildren)
    .filter((name) => accepts(name.text))
    .map((name) => rebinding(name, 'global', module));
}

function readCompoundTargets(module: PythonModule, accepts: Accepts): Assignment[] {
  return module.statements
    .filter(({ type }) => isCompoundStatement(type))
    .flatMap(({ node }) => targetsBelow(node))
    .flatMap((target) => namesOf(target, 'rebound', accepts))
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
function readDefinitions(module: PythonModule, accepts: Accepts): Assignment[] {
  return module.statements.flatMap(({ node, type, text }) => {
    const name = type.endsWith('_definition')
      ? (/^(?:(?:async\s+)?def|class)\s+([^\s(:[]+)/m.exec(text)?.[1] ?? '')
      : '';
    if (!accepts(name)) {
      return [];
    }
    const definition = type === 'decorated_definition' ? node.childForFieldName('definition') : node;
    const target = definition?.childForFieldName('name') ?? null;
    return target === null ? [] : [rebinding(target, 'rebound', module)];
  });
}

/**
 * Every binding of a constant's name in the module's scope, source order: the constants themselves, and the forms that make
 * a threshold unusable (conditional, augmented, deleted, imported, …), each with its position.
 *
 * @param names `constants` reads names in capitals only; `assigned` reads every name that an assignment of the module gives
 *   a value, whatever its case
 */
export function readAssignments(
  module: PythonModule,
  names: 'constants' | 'assigned' = 'constants',
): Assignment[] {
  const accepts = names === 'constants' ? isConstantName : () => true;
  const scope = { module, accepts, branchOf: branchReader() };
  const found = module.statements.flatMap((statement) =>
    isCompoundStatement(statement.type)
      ? statementsInside(statement.node).flatMap((node) =>
          readStatement({ node, type: node.type }, { ...scope, isConditional: true }),
        )
      : readStatement(statement, { ...scope, isConditional: false }),
  );
  const assigned = new Set(found.map(({ name }) => name));
  // Of the names that only an import or a definition binds, those in capitals are reported and no others.
  const isKnown = (name: string): boolean => assigned.has(name) || isConstantName(name);
  const walruses = module.source.includes(':=') ? readWalruses(module, isKnown) : [];
  return [
    ...found,
    ...readImports(module, isKnown),
    ...walruses,
    ...readRebindings(module, names === 'constants' ? isConstantName : isKnown),
  ].sort(bySourceOrder);
}

function bySourceOrder(left: Assignment, right: Assignment): number {
  return left.target.line - right.target.line || left.target.column - right.target.column;
}

interface Scope {
  module: PythonModule;
  accepts: (name: string) => boolean;
  branchOf: BranchReader;
  isConditional: boolean;
}

interface Target {
  node: SyntaxNode;
  form: AssignmentForm;
}

function readStatement(statement: Pick<ModuleStatement, 'node' | 'type'>, scope: Scope): Assignment[] {
  if (statement.type !== 'expression_statement') {
    return [];
  }
  const { module, accepts, branchOf, isConditional } = scope;
  const targets: Target[] = [];
  const lefts: SyntaxNode[] = [];
  let node = statement.node.firstNamedChild;
  let right: SyntaxNode | null = null;
  while (node !== null && (node.type === 'assignment' || node.type === 'augmented_assignment')) {
    const left = node.childForFieldName('left');
    if (left !== null) {
      lefts.push(left);
      targets.push(...readTarget(left, formOf(node), accepts));
    }
    right = node.childForFieldName('right');
    node = right;
  }
  if (right === null || targets.length === 0) {
    return [];
  }
  const { value, span } = readValue(right, module);
  const branch = isConditional ? branchOf(statement.node) : null;
  const chain = lefts.length > 1 ? lefts.map((left) => left.text) : [];
  return targets.map((target): Assignment => {
    const name = target.node.text;
    const others = chain.filter((other) => other !== name);
    return {
      name,
      form: isConditional ? 'conditional' : target.form,
      target: module.positionOf(target.node),
      value,
      valueSpan: span,
      ...(others.length === 0 ? {} : { sharedWith: others }),
      ...branchField(branch, target.form),
    };
  });
}

/** A branch is only known for an assignment that gives the whole value. */
function branchField(branch: AssignmentBranch | null, form: AssignmentForm): { branch?: AssignmentBranch } {
  return branch !== null && (form === 'plain' || form === 'annotated') ? { branch } : {};
}

function formOf(assignment: SyntaxNode): AssignmentForm {
  if (assignment.type === 'augmented_assignment') {
    return 'augmented';
  }
  return assignment.childForFieldName('type') === null ? 'plain' : 'annotated';
}

/** The names that a target binds; `(A) = 1` is a plain target, `A["x"] = 1` and `A.x = 1` change a part of `A`. */
function readTarget(target: SyntaxNode, form: AssignmentForm, accepts: Scope['accepts']): Target[] {
  switch (target.type) {
    case 'identifier':
      return accepts(target.text) ? [{ node: target, form }] : [];
    case 'subscript': {
      const value = target.childForFieldName('value');
      return value === null ? [] : readTarget(value, 'item', accepts);
    }
    case 'attribute': {
      const object = target.childForFieldName('object');
      return object === null ? [] : readTarget(object, 'item', accepts);
    }
    case 'tuple_pattern':
    case 'list_pattern':
    case 'pattern_list': {
      const parts = target.namedChildren;
      const parenthesised =
        target.type === 'tuple_pattern' && parts.length === 1 && !target.text.includes(',');
      return parts.flatMap((part) => readTarget(part, parenthesised ? form : 'tuple', accepts));
    }
    case 'list_splat_pattern':
      return target.namedChildren.flatMap((part) => readTarget(part, 'tuple', accepts));
    default:
      return [];
  }
}

function readImports(module: PythonModule, accepts: Scope['accepts']): Assignment[] {
  // Most imports bring no such name: their text tells it without a look at the tree.
  const mayBind = (text: string): boolean =>
    text.includes('import') && (text.match(/[\p{L}_][\p{L}\p{N}_]*/gu) ?? []).some(accepts);
  return module.statements
    .filter(
      ({ type, text }) => (type === 'import_from_statement' || isCompoundStatement(type)) && mayBind(text),
    )
    .flatMap(({ node, type }) => (isCompoundStatement(type) ? statementsInside(node) : [node]))
    .filter((node) => node.type === 'import_from_statement')
    .flatMap((statement) => readImport(statement, module, accepts));
}

/** `from limits import X_MIN_ACCURACY`: the name is a constant, its literal is in another file. */
function readImport(statement: SyntaxNode, module: PythonModule, accepts: Scope['accepts']): Assignment[] {
  const origin = statement.childForFieldName('module_name');
  return statement.namedChildren.flatMap((child) => {
    const name = child.type === 'aliased_import' ? child.childForFieldName('alias') : child;
    if (name === null || child.id === origin?.id || !accepts(name.text)) {
      return [];
    }
    const valueSpan = module.spanOf(name);
    const text = `imported from ${origin?.text ?? '?'}`;
    const value: LiteralTree = { kind: 'computed', text, keys: [], ...module.positionOf(name) };
    return [{ name: name.text, form: 'imported', target: module.positionOf(name), value, valueSpan }];
  });
}

function readWalruses(module: PythonModule, accepts: Scope['accepts']): Assignment[] {
  return module.statements
    .filter((statement) => !statement.type.endsWith('_definition'))
    .filter((statement) => statement.text.includes(':='))
    .flatMap((statement) => statement.node.descendantsOfType('named_expression'))
    .flatMap((expression) => {
      const name = expression.childForFieldName('name');
      const right = expression.childForFieldName('value');
      if (name === null || right === null || !accepts(name.text)) {
        return [];
      }
      const { value, span } = readValue(right, module);
      return [{ name: name.text, form: 'walrus', target: module.positionOf(name), value, valueSpan: span }];
    });
}
