import type { SyntaxNode } from 'tree-sitter';

import type { LiteralTree, RecordField, RecordTree } from '../../domain/places/literal-tree.ts';
import { maxPlaceSteps } from '../../domain/places/place.ts';
import { readTree } from '../constant-value.ts';
import { codeChildren, plainString } from '../expression.ts';
import { isCompoundStatement, statementsInside } from '../parse-module.ts';
import type { PythonModule } from '../parse-module.ts';

/** A class of the module, as far as its attributes and the order of its constructor's values can be read. */
export interface ClassMembers {
  /** The class with the defaults of its attributes. */
  tree: RecordTree;
  /** Names of the constructor's positional values in order; null when they cannot be told. */
  order: string[] | null;
}

/** The classes that a module defines, by name; of two with one name the last. */
export function readClasses(module: PythonModule): Map<string, ClassMembers> {
  const classes = new Map<string, ClassMembers>();
  for (const { node, type, text } of module.statements) {
    const isDecorated = type === 'decorated_definition';
    const definition = isDecorated ? node.childForFieldName('definition') : node;
    if (definition?.type === 'class_definition') {
      const name = definition.childForFieldName('name')?.text ?? '';
      classes.set(
        name,
        readClass({ definition, decorators: isDecorated ? decoratorsOf(node) : [], module, classes }),
      );
    } else if (type === 'expression_statement' && /\b[Nn]amed_?[Tt]uple\(/.test(text)) {
      const made = readTupleClass(node, module);
      if (made !== null) {
        classes.set(made.name, made.members);
      }
    }
  }
  return classes;
}

/** Gives the positional values of instances the names that their class has for them. */
export function nameFields(tree: LiteralTree, classes: ReadonlyMap<string, ClassMembers>): LiteralTree {
  if (classes.size === 0) {
    return tree;
  }
  switch (tree.kind) {
    case 'record': {
      const order = classes.get(tree.type)?.order ?? null;
      const positional = tree.positional.map((value) => nameFields(value, classes));
      const named: RecordField[] = [];
      const unnamed: LiteralTree[] = [];
      for (const [index, value] of positional.entries()) {
        const name = order?.[index];
        if (name === undefined) {
          unnamed.push(value);
        } else {
          named.push({ name, value, doubt: null });
        }
      }
      const fields = tree.fields.map((field) => ({ ...field, value: nameFields(field.value, classes) }));
      return { ...tree, fields: [...named, ...fields], positional: unnamed };
    }
    case 'collection':
      return { ...tree, items: tree.items.map((item) => nameFields(item, classes)) };
    case 'dictionary':
      return { ...tree, rows: tree.rows.map((row) => ({ ...row, value: nameFields(row.value, classes) })) };
    case 'choice':
      return {
        ...tree,
        branches: tree.branches.map((branch) => ({ ...branch, value: nameFields(branch.value, classes) })),
      };
    default:
      return tree;
  }
}

function decoratorsOf(node: SyntaxNode): string[] {
  return node.namedChildren.filter(({ type }) => type === 'decorator').map(({ text }) => text);
}

interface ClassReading {
  definition: SyntaxNode;
  decorators: readonly string[];
  module: PythonModule;
  classes: ReadonlyMap<string, ClassMembers>;
}

interface MemberFacts {
  fields: RecordField[];
  /** Annotated names that a data class takes, in order; one that is annotated twice stands here twice. */
  annotated: string[];
  /** Parameters of `__init__` after `self`; null without one. */
  parameters: string[] | null;
}

function readClass(reading: ClassReading, depth = 0): ClassMembers {
  const { definition, module, classes } = reading;
  const facts = readMembers(reading, depth);
  const type = definition.childForFieldName('name')?.text ?? '';
  const tree: RecordTree = {
    kind: 'record',
    type,
    fields: withDoubts(facts.fields),
    positional: [],
    hasSplat: false,
    ...module.positionOf(definition),
  };
  return { tree, order: orderOf(reading, facts, classes) };
}

/** A name that is set twice in the body has the last value, which only a run decides where a condition sets it. */
function withDoubts(fields: readonly RecordField[]): RecordField[] {
  const last = new Map<string, RecordField>();
  for (const field of fields) {
    const before = last.get(field.name);
    const doubt = before === undefined ? field.doubt : (field.doubt ?? 'is set more than once in the class');
    last.set(field.name, { ...field, doubt });
  }
  return [...last.values()];
}

function readMembers(reading: ClassReading, depth: number): MemberFacts {
  const { definition, module } = reading;
  const facts: MemberFacts = { fields: [], annotated: [], parameters: null };
  for (const statement of codeChildren(definition.childForFieldName('body') ?? definition)) {
    const inner =
      statement.type === 'decorated_definition' ? statement.childForFieldName('definition') : statement;
    if (isCompoundStatement(statement.type)) {
      for (const conditional of statementsInside(statement)) {
        readMember({ statement: conditional, module, facts, doubt: 'is set conditionally in the class' });
      }
    } else if (inner?.type === 'class_definition' && depth < maxPlaceSteps) {
      const nested = readClass({ ...reading, definition: inner, decorators: [] }, depth + 1).tree;
      facts.fields.push({ name: nested.type, value: nested, doubt: null });
    } else if (inner?.type === 'function_definition') {
      if (inner.childForFieldName('name')?.text === '__init__') {
        facts.parameters = parametersOf(inner);
      }
    } else {
      readMember({ statement, module, facts, doubt: null });
    }
  }
  return facts;
}

function readMember(member: {
  statement: SyntaxNode;
  module: PythonModule;
  facts: MemberFacts;
  doubt: string | null;
}): void {
  const { statement, module, facts, doubt } = member;
  const assignment = statement.type === 'expression_statement' ? statement.firstNamedChild : null;
  const isAugmented = assignment?.type === 'augmented_assignment';
  const left = assignment?.type === 'assignment' || isAugmented ? assignment.childForFieldName('left') : null;
  if (assignment === null || left?.type !== 'identifier') {
    return;
  }
  const name = left.text;
  const annotation = assignment.childForFieldName('type')?.text ?? null;
  const right = assignment.childForFieldName('right');
  const isParameter = right === null || !/\binit\s*=\s*False\b/.test(right.text);
  if (annotation !== null && !/\bClassVar\b/.test(annotation) && isParameter) {
    facts.annotated.push(name);
  }
  if (right !== null) {
    const value = readTree(defaultOf(right) ?? right, module);
    const chained = right.type === 'assignment' ? 'shares its literal with another name' : null;
    facts.fields.push({
      name,
      value,
      doubt: isAugmented ? 'is changed by an augmented assignment' : (doubt ?? chained),
    });
  }
}

/** The default inside `field(default=0.5)` of a data class or `Field(0.5)` of a model. */
function defaultOf(right: SyntaxNode): SyntaxNode | null {
  const callee = right.type === 'call' ? (right.childForFieldName('function')?.text ?? '') : '';
  if (!/^(?:\w+\.)?[fF]ield$/.test(callee)) {
    return null;
  }
  const args = codeChildren(right.childForFieldName('arguments') ?? right);
  const keyword = args.find(
    (argument) =>
      argument.type === 'keyword_argument' && argument.childForFieldName('name')?.text === 'default',
  );
  const [first] = args;
  return keyword?.childForFieldName('value') ?? (first?.type === 'keyword_argument' ? null : (first ?? null));
}

function orderOf(
  reading: ClassReading,
  facts: MemberFacts,
  classes: ReadonlyMap<string, ClassMembers>,
): string[] | null {
  if (facts.parameters !== null) {
    return facts.parameters;
  }
  const { definition, decorators } = reading;
  const superclasses = definition.childForFieldName('superclasses');
  const bases = superclasses === null ? [] : codeChildren(superclasses).map(({ text }) => text);
  const isTuple = bases.some((base) => /(?:^|\.)NamedTuple$/.test(base));
  const decorator = decorators.find((text) => /\bdataclass\b/.test(text));
  if (!isTuple && (decorator === undefined || /\bkw_only\s*=\s*True\b/.test(decorator))) {
    return null;
  }
  const inherited: string[] = [];
  for (const base of isTuple ? [] : bases.filter((one) => one !== 'object')) {
    const order = classes.get(base)?.order ?? null;
    if (order === null) {
      return null;
    }
    inherited.push(...order);
  }
  // `_: KW_ONLY` ends the positional ones.
  const own = facts.annotated.includes('_')
    ? facts.annotated.slice(0, facts.annotated.indexOf('_'))
    : facts.annotated;
  return [...new Set([...inherited, ...own])];
}

function parametersOf(definition: SyntaxNode): string[] {
  const names: string[] = [];
  for (const parameter of codeChildren(definition.childForFieldName('parameters') ?? definition)) {
    if (/separator|splat/.test(parameter.type) || /splat/.test(parameter.firstNamedChild?.type ?? '')) {
      break;
    }
    const name =
      parameter.type === 'identifier'
        ? parameter
        : (parameter.childForFieldName('name') ?? parameter.firstNamedChild);
    names.push(name?.text ?? '');
  }
  return names.slice(1);
}

/** `Gate = NamedTuple("Gate", [("name", str), …])`, `Gate = namedtuple("Gate", "name, limit")`. */
function readTupleClass(
  statement: SyntaxNode,
  module: PythonModule,
): { name: string; members: ClassMembers } | null {
  const assignment = statement.firstNamedChild;
  const [left, call] = [assignment?.childForFieldName('left'), assignment?.childForFieldName('right')];
  const callee = call?.type === 'call' ? (call.childForFieldName('function')?.text ?? '') : '';
  if (left?.type !== 'identifier' || !/^(?:\w+\.)?(?:NamedTuple|namedtuple)$/.test(callee)) {
    return null;
  }
  const fields = codeChildren(call?.childForFieldName('arguments') ?? left)[1];
  const order = fields === undefined ? null : tupleFields(fields);
  const tree: RecordTree = {
    kind: 'record',
    type: left.text,
    fields: [],
    positional: [],
    hasSplat: false,
    ...module.positionOf(left),
  };
  return { name: left.text, members: { tree, order } };
}

function tupleFields(node: SyntaxNode): string[] | null {
  const text = plainString(node);
  if (text !== null) {
    return text.split(/[\s,]+/).filter((name) => name !== '');
  }
  if (node.type !== 'list' && node.type !== 'tuple') {
    return null;
  }
  const names = codeChildren(node).map((item) => {
    const first = item.type === 'tuple' || item.type === 'list' ? codeChildren(item)[0] : item;
    return first === undefined ? null : plainString(first);
  });
  return names.every((name) => name !== null) ? names : null;
}
