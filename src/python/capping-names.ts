import { isConstantName } from '../domain/discovery/source-facts.ts';
import type { PythonModule } from './parse-module.ts';

/** Finds where a call may stand; whether it is one is asked of the tree. */
const capCall = /(?<![\w.])(?:min|max)(?=[ \t]*\()/g;

/**
 * Constants that are handed to `min()` or `max()` as they are, each once: they cap something else, such as a threshold
 * that is computed from a reference, and are not the reference.
 */
export function readCappingNames(module: PythonModule): string[] {
  const names = [...module.source.matchAll(capCall)].flatMap((match) => {
    const called = module.root.descendantForIndex(match.index);
    const call = called.parent;
    if (call?.type !== 'call' || called.startIndex !== match.index) return [];
    const args = call.childForFieldName('arguments')?.namedChildren ?? [];
    return args.filter(({ type }) => type === 'identifier').map(({ text }) => text);
  });
  return [...new Set(names)].filter(isConstantName);
}
