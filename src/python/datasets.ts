import { plainString } from './expression.ts';
import { parseModule } from './parse-module.ts';

/**
 * The keys of all `DATASETS["<literal>"]` subscriptions, source order, each once.
 *
 * @returns an empty list for a file that does not parse
 */
export function readDatasetKeys(source: string): string[] {
  const parsed = parseModule(source);
  if (parsed.kind === 'syntax-error') {
    return [];
  }
  const keys = parsed.module.root.descendantsOfType('subscript').flatMap((subscript) => {
    const object = subscript.childForFieldName('value');
    const key = subscript.childForFieldName('subscript');
    const isDatasets = object?.type === 'identifier' && object.text === 'DATASETS';
    const text = isDatasets && key !== null ? plainString(key) : null;
    return text === null ? [] : [text];
  });
  return [...new Set(keys)];
}

/**
 * The `DATASETS` table of `benchmarks/dataset/prepare.py`: the pairs of its last module-level assignment, plain or
 * annotated, whose key and value are string literals.
 *
 * @returns an empty table for a file that does not parse or has no such assignment
 */
export function readDatasetTable(source: string): Record<string, string> {
  const parsed = parseModule(source);
  if (parsed.kind === 'syntax-error') {
    return {};
  }
  const dictionary = parsed.module.statements
    .map((statement) => (statement.type === 'expression_statement' ? statement.node.firstNamedChild : null))
    .filter((node) => node?.type === 'assignment' && node.childForFieldName('left')?.text === 'DATASETS')
    .map((assignment) => assignment?.childForFieldName('right') ?? null)
    .findLast((right) => right?.type === 'dictionary');
  const pairs = (dictionary?.namedChildren ?? []).flatMap((pair): [string, string][] => {
    const key = pair.childForFieldName('key');
    const value = pair.childForFieldName('value');
    const texts = [key, value].map((node) => (node === null ? null : plainString(node)));
    return typeof texts[0] === 'string' && typeof texts[1] === 'string' ? [[texts[0], texts[1]]] : [];
  });
  return Object.fromEntries(pairs);
}
