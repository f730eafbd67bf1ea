import type { SyntaxNode } from 'tree-sitter';

import {
  isConstantName,
  type Assignment,
  type ContextBinding,
  type ContextKeyword,
} from '../domain/discovery/source-facts.ts';
import { readValue } from './constant-value.ts';
import { readAssignments } from './constants.ts';
import { parseModule, type PythonModule } from './parse-module.ts';
import { settledNumber } from './settled-value.ts';

/** Finds where a keyword may stand; whether it is an argument is asked of the tree. */
const contextKeyword = /(?<!\w)max_(?:samples|tokens|new_tokens|concurrency)(?=[\s\\]*=)/gu;

/**
 * The context keyword arguments anywhere in a test file, source order, each combination once (spec 02 §6, 06 §6): those
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
  return [...module.source.matchAll(contextKeyword)].flatMap((match) => {
    const argument = module.root.descendantForIndex(match.index).parent;
    const value = argument?.type === 'keyword_argument' ? argument.childForFieldName('value') : null;
    if (argument === null || value === null || argument.startIndex !== match.index) {
      return [];
    }
    const keyword = match[0] as ContextKeyword;
    const bound = boundValue({ value, module, assignments });
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
  assignments: readonly Assignment[];
}): Pick<ContextBinding, 'name' | 'literal'> | null {
  const { value, module, assignments } = argument;
  if (value.type === 'identifier') {
    const name = value.text;
    return isConstantName(name) ? { name, literal: settledNumber(assignments, name)?.text ?? null } : null;
  }
  const literal = readValue(value, module).value;
  return literal.kind === 'number' ? { name: null, literal: literal.text } : null;
}
