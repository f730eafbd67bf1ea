import { sampleScopePresets, type MetricNames } from '../metrics/metric-names.ts';
import { findingAt, type Finding } from './finding.ts';
import { asrScope } from './sample-scope.ts';
import { isConstant, type Assignment, type SourcePosition } from './source-facts.ts';

const knownScopes: ReadonlySet<string> = new Set([...sampleScopePresets, asrScope, 'CONCURRENCY']);

/**
 * Every module-level constant with a numeric literal that no rule gives a meaning, so that a new naming pattern is
 * noticed: neither a metric nor a sample scope nor the concurrency (06 §8) nor a context variable nor
 * listed in the config.
 *
 * @param search `isKnown` says whether a source has a meaning of another kind: context variables, ignored and fixed
 * constants
 */
export function unmatchedConstants(search: {
  file: string;
  assignments: readonly Assignment[];
  names: MetricNames;
  isKnown: (source: string) => boolean;
}): Finding[] {
  const { file, assignments, names, isKnown } = search;
  return assignments
    .filter((assignment) => isConstant(assignment) && !knownScopes.has(assignment.name))
    .flatMap((assignment) => numbersOf(assignment, names))
    .filter(({ text }) => !isKnown(text))
    .map(({ text, position }) =>
      findingAt(position, {
        kind: 'unmatched',
        severity: 'info',
        file,
        message: `${text} matches no metric`,
      }),
    );
}

function numbersOf(assignment: Assignment, names: MetricNames): { text: string; position: SourcePosition }[] {
  const { name, value, valueSpan } = assignment;
  if (value.kind === 'number') {
    return names.ofConstant(name) === null ? [{ text: name, position: valueSpan }] : [];
  }
  if (value.kind !== 'dictionary') {
    return [];
  }
  const met = new Set<string>();
  return value.rows
    .flatMap((row) => (row.value.kind === 'dictionary' ? row.value.rows : [row]))
    .flatMap((row) => {
      const key = row.key?.kind === 'string' && row.value.kind === 'number' ? row.key.value : null;
      if (key === null || names.ofNestedKey(key) !== null || met.has(key)) {
        return [];
      }
      met.add(key);
      return [{ text: `${name}['${key}']`, position: row.value }];
    });
}
