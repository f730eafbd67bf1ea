import type { SyntaxNode } from 'tree-sitter';

import { readTree } from '../constant-value.ts';
import { codeChildren } from '../expression.ts';
import { readParametrizedRows } from './parametrize-rows.ts';
import type { TestPlace } from './test-place.ts';
import type { PythonModule } from '../parse-module.ts';

/** A keyword argument whose value may hold a number; most tests have none, and then no call needs to be looked at. */
const literalArgument = /[(,]\s*[^\W\d]\w*\s*=\s*(?:[-+\d.[{(]|None\b|dict\()/u;

/** A function or class whose name pytest collects; one with decorators is looked into. */
const isTest = /^(?:(?:async\s+)?def\s+test|class\s+Test|@)/;

function mayHold(text: string): boolean {
  return text.includes('parametrize') || literalArgument.test(text);
}

/** The places inside the tests of a module, source order. */
export function readTestPlaces(module: PythonModule): TestPlace[] {
  const places: TestPlace[] = [];
  for (const { node, type, text } of module.statements) {
    if (type.endsWith('_definition') && isTest.test(text) && mayHold(text)) {
      visitDefinition({ node, module, prefix: '', inherited: [], places });
    }
  }
  return places;
}

interface Visit {
  node: SyntaxNode;
  module: PythonModule;
  /** `TestSpeed::` inside a class. */
  prefix: string;
  /** Decorators of the class. */
  inherited: readonly SyntaxNode[];
  places: TestPlace[];
}

function visitDefinition(visit: Visit): void {
  const { node, module, prefix, inherited, places } = visit;
  const isDecorated = node.type === 'decorated_definition';
  const definition = isDecorated ? node.childForFieldName('definition') : node;
  const name = definition?.childForFieldName('name')?.text ?? '';
  const own = isDecorated ? node.namedChildren.filter(({ type }) => type === 'decorator') : [];
  const decorators = [...inherited, ...own];
  if (definition?.type === 'class_definition' && name.startsWith('Test')) {
    for (const member of codeChildren(definition.childForFieldName('body') ?? definition)) {
      visitDefinition({ node: member, module, prefix: `${prefix}${name}::`, inherited: decorators, places });
    }
  }
  if (definition?.type === 'function_definition' && name.startsWith('test')) {
    const test = `${prefix}${name}`;
    places.push(...decorators.flatMap((decorator) => readParametrizedRows({ decorator, test, module })));
    places.push(...readArguments(definition, test, module));
  }
}

const dottedName = /^[^\W\d]\w*(?:\.[^\W\d]\w*)*$/u;

/** Keyword arguments of every call with a dotted name, counted by callee and argument. */
function readArguments(definition: SyntaxNode, test: string, module: PythonModule): TestPlace[] {
  const body = definition.childForFieldName('body');
  if (body === null || !literalArgument.test(body.text)) {
    return [];
  }
  const counts = new Map<string, number>();
  const places: TestPlace[] = [];
  for (const call of body.descendantsOfType('call')) {
    const callee = call.childForFieldName('function')?.text ?? '';
    const list = call.childForFieldName('arguments');
    if (list === null || list.type !== 'argument_list' || !dottedName.test(callee)) {
      continue;
    }
    for (const keyword of list.namedChildren.filter(({ type }) => type === 'keyword_argument')) {
      const [name, value] = [keyword.childForFieldName('name'), keyword.childForFieldName('value')];
      if (name !== null && value !== null) {
        const argument = name.text;
        const counted = `${callee} ${argument}`;
        const nth = (counts.get(counted) ?? 0) + 1;
        counts.set(counted, nth);
        const root = { kind: 'call' as const, test, callee, call: nth, argument };
        places.push({ root, aliases: [], tree: readTree(value, module) });
      }
    }
  }
  return places;
}
