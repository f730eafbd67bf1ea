import type { SyntaxNode } from 'tree-sitter';

import {
  type Aside,
  type Assignment,
  type ContextBinding,
  type ContextKeyword,
  isConstantName,
  type SourceFacts,
  type TmpPathFunction,
  type WildcardImport,
} from '../domain/discovery/source-facts.ts';
import { readCappingNames } from './capping-names.ts';
import { readValue, settledNumber } from './constant-value.ts';
import { readAssignments } from './constants.ts';
import { plainString } from './expression.ts';
import { concurrencyIn } from './locate-literal.ts';
import { readOtherNumbers } from './other-numbers.ts';
import { listPlaced, readModulePlaces } from './places/module-places.ts';
import { functionOf, parseModule, type PythonModule, type PythonSyntaxError } from './parse-module.ts';

/** Where a local assignment to a constant's name may stand; whether it is one is asked of the tree. */
const localAssignment = /(?:^[ \t]+|[:;][ \t]*)(_?[A-Z][A-Z0-9_]*)[ \t]*(?::[^=\n]*)?=(?!=)/gm;

const bareAnnotation = /^_?[A-Z][A-Z0-9_]*\s*:/;

/**
 * What reads like a constant of the module and is none, source order: assignments inside functions and classes, and
 * annotations without a value. A threshold among them must be reported, never silently dropped.
 */
export function readUnusableAssignments(module: PythonModule): Aside[] {
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
    const value = { kind: 'none' as const, text: '', ...module.spanOf(target) };
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

/** Finds where a keyword may stand; whether it is an argument is asked of the tree. */
const contextKeyword = /(?<!\w)max_(?:samples|tokens|new_tokens|concurrency)(?=[\s\\]*=)/gu;

/**
 * The context keyword arguments anywhere in a test file, source order, each combination once: those
 * bound to a constant, and those given as a number. Anything else that is passed is left out.
 *
 * @returns an empty list for a file that does not parse
 */
export function readContextBindings(source: string): ContextBinding[] {
  const parsed = parseModule(source);
  return parsed.kind === 'parsed' ? contextBindings(parsed.module, readAssignments(parsed.module)) : [];
}

/** {@link readContextBindings} for a module that is already parsed. */
export function contextBindings(module: PythonModule, assignments: readonly Assignment[]): ContextBinding[] {
  const seen = new Set<string>();
  const last = new Map(assignments.map((assignment) => [assignment.name, assignment]));
  return [...module.source.matchAll(contextKeyword)].flatMap((match) => {
    const argument = module.root.descendantForIndex(match.index).parent;
    const value = argument?.type === 'keyword_argument' ? argument.childForFieldName('value') : null;
    if (argument === null || value === null || argument.startIndex !== match.index) {
      return [];
    }
    const keyword = match[0] as ContextKeyword;
    const bound = boundValue({ value, module, last });
    const identity = JSON.stringify([keyword, bound]);
    if (bound === null || seen.has(identity)) {
      return [];
    }
    seen.add(identity);
    return [{ keyword, ...bound, line: argument.startPosition.row + 1 }];
  });
}

function boundValue(argument: {
  value: SyntaxNode;
  module: PythonModule;
  /** Of each name, the last in source order. */
  last: ReadonlyMap<string, Assignment>;
}): Pick<ContextBinding, 'name' | 'literal'> | null {
  const { value, module, last } = argument;
  if (value.type === 'identifier') {
    const name = value.text;
    if (!isConstantName(name)) return null;
    const bound = last.get(name);
    return { name, literal: settledNumber(bound === undefined ? [] : [bound], name)?.text ?? null };
  }
  const literal = readValue(value, module).value;
  return literal.kind === 'number' ? { name: null, literal: literal.text } : null;
}

/**
 * Nodes of tree-sitter's tree that Python's own syntax tree does not have. "First" in discovery is breadth-first over
 * Python's tree, so these do not count as a level.
 */
const transparent: ReadonlySet<string> = new Set([
  'block',
  'argument_list',
  'parenthesized_expression',
  'with_clause',
  'as_pattern',
]);

/** The module-level functions, sync or async, with a positional parameter `tmp_path`, source order. */
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
  const found = definition.descendantsOfType('binary_operator').flatMap((node) => {
    const directory = tmpPathChild(node);
    return directory === null ? [] : [{ node, directory }];
  });
  if (found.length < 2) {
    return found[0]?.directory ?? null;
  }
  let best: { depth: number; directory: string } | null = null;
  for (const { node, directory } of found) {
    const depth = depthBelow(node, definition);
    if (best === null || depth < best.depth) {
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

const benchmarkPackage = 'benchmarks.eval.';

/** Reads everything that discovery asks of a file in one parse; syntax errors come back as a value. */
export function readSourceFacts(source: string): { kind: 'facts'; facts: SourceFacts } | PythonSyntaxError {
  const parsed = parseModule(source);
  if (parsed.kind === 'syntax-error') {
    return parsed;
  }
  const { module } = parsed;
  const places = readModulePlaces(module);
  const assignments = places.assignments.filter(({ name }) => isConstantName(name));
  return {
    kind: 'facts',
    facts: {
      assignments,
      literals: listPlaced(places),
      concurrency: concurrencyIn(places),
      environmentDefaults: readEnvironmentDefaults(module),
      asides: readUnusableAssignments(module),
      otherNumbers: readOtherNumbers(module),
      wildcardImports: readWildcardImports(module),
      contextBindings: contextBindings(module, assignments),
      tmpPathFunctions: source.includes('tmp_path') ? readTmpPathFunctions(module) : [],
      testFunctions: readTestFunctions(module),
      benchmarkModules: readBenchmarkModules(module),
      cappingNames: readCappingNames(module),
    },
  };
}

/** The name is read from the text: asking the tree for each of many functions takes long. */
function readTestFunctions(module: PythonModule): string[] {
  return module.statements
    .filter(({ type }) => type === 'function_definition' || type === 'decorated_definition')
    .map(({ text }) => /^(?:async\s+)?def\s+([^\s(]+)/m.exec(text)?.[1] ?? '')
    .filter((name) => name.startsWith('test'));
}

function readBenchmarkModules(module: PythonModule): string[] {
  return module.statements
    .filter(({ type, text }) => type === 'import_from_statement' && text.includes(benchmarkPackage))
    .map(({ node }) => node.childForFieldName('module_name')?.text ?? '')
    .filter((name) => name.startsWith(benchmarkPackage))
    .map((name) => name.slice(name.lastIndexOf('.') + 1));
}

/** Finds where a default may stand; whether it is one is asked of the tree. */
const environmentDefault =
  /(?:environ\.get|getenv)\(\s*(["'])([A-Za-z_]\w{0,199})\1\s*,\s*(["'])([^"'\\\n]{0,200})\3\s*\)/g;

function readEnvironmentDefaults(module: PythonModule): { variable: string; text: string }[] {
  return [...module.source.matchAll(environmentDefault)].flatMap((match) => {
    const [, , variable = '', , text = ''] = match;
    const isCode = !/string|comment/.test(module.root.descendantForIndex(match.index).type);
    return isCode ? [{ variable, text }] : [];
  });
}
