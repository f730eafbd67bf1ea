import type { SyntaxNode } from 'tree-sitter';

import { isConstantName, type Assignment, type AssignmentForm } from '../domain/discovery/source-facts.ts';
import { isCompoundStatement, statementsInside } from './module-statements.ts';
import type { PythonModule } from './parse-module.ts';

/**
 * What gives or takes a module-level constant's name besides assignments and imports: `del`, `global` in a function, and
 * the targets of loops, `with`, `except` and definitions. None of them has a value that could be read.
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
