import type { SyntaxNode } from 'tree-sitter';

import { isConstantName, type OtherNumber } from '../domain/discovery/source-facts.ts';
import type { PythonModule } from './parse-module.ts';

/** A file with more numbers outside of constants is data, and listing them tells nothing. */
const mostNumbers = 500;
const numberTypes = ['integer', 'float'];
/** Where an `assert` may stand; whether it is one is asked of the tree. */
const assertion = /^[ \t]*assert\b[^\n]*\d/gm;
const orderings = new Set(['<', '>', '<=', '>=']);

/**
 * Numbers that could be gates without being constants of the module, source order: values of other module-level names and of
 * the fields of classes, and what an `assert` compares with. Integers that are only tested for equality are counts of
 * things, not gates.
 */
export function readOtherNumbers(module: PythonModule): OtherNumber[] {
  return [...numbersOfStatements(module), ...numbersOfAsserts(module)]
    .sort((left, right) => left.line - right.line || left.column - right.column)
    .slice(0, mostNumbers);
}

function numbersOfStatements(module: PythonModule): OtherNumber[] {
  return module.statements.flatMap(({ type, text, node }) => {
    if (!/\d/.test(text)) return [];
    if (type === 'expression_statement') {
      const assignment = node.firstNamedChild;
      return assignment?.type === 'assignment' ? numbersOfAssignment(assignment, '', module) : [];
    }
    const definition = type === 'decorated_definition' ? node.childForFieldName('definition') : node;
    return definition?.type === 'class_definition' ? numbersOfClass(definition, module) : [];
  });
}

function numbersOfClass(definition: SyntaxNode, module: PythonModule): OtherNumber[] {
  const owner = `${definition.childForFieldName('name')?.text ?? ''}.`;
  const members = definition.childForFieldName('body')?.namedChildren ?? [];
  return members.flatMap((member) => {
    const assignment = member.type === 'expression_statement' ? member.firstNamedChild : null;
    return assignment?.type === 'assignment' ? numbersOfAssignment(assignment, owner, module) : [];
  });
}

function numbersOfAssignment(assignment: SyntaxNode, owner: string, module: PythonModule): OtherNumber[] {
  const target = assignment.childForFieldName('left');
  const value = assignment.childForFieldName('right');
  // Constants have lists of their own.
  if (target === null || value === null || (owner === '' && isConstantName(target.text))) return [];
  return numbersIn(value).map((number) => ({
    name: `${owner}${target.text}`.slice(0, 200),
    text: number.text,
    ...module.positionOf(number),
  }));
}

function numbersOfAsserts(module: PythonModule): OtherNumber[] {
  return [...module.source.matchAll(assertion)].flatMap((match) => {
    const keyword = module.root.descendantForIndex(match.index + match[0].indexOf('assert'));
    const statement = keyword.type === 'assert' ? keyword.parent : null;
    if (statement?.type !== 'assert_statement') return [];
    return statement.descendantsOfType('comparison_operator').flatMap((comparison) => {
      const isOrdering = comparison.children.some(({ type }) => orderings.has(type));
      return comparison.namedChildren
        .filter(({ type }) => type === 'float' || (isOrdering && type === 'integer'))
        .map((number) => ({ name: 'assert', text: number.text, ...module.positionOf(number) }));
    });
  });
}

function numbersIn(value: SyntaxNode): SyntaxNode[] {
  return numberTypes.includes(value.type) ? [value] : value.descendantsOfType(numberTypes);
}
