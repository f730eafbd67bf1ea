import { sampleScopePresets, type MetricNames } from '../../metrics/metric-names.ts';
import { formatPlace } from '../../places/format-place.ts';
import { literalsByRoot, type PlacedLiteral } from '../../places/list-literals.ts';
import { parsePlace } from '../../places/parse-place.ts';
import type { Place } from '../../places/place.ts';
import { findingAt, type Finding } from '../finding.ts';
import { asrScope } from '../sample-scope.ts';
import { isConstant, type Assignment, type SourcePosition } from '../source-facts.ts';

const knownScopes: ReadonlySet<string> = new Set([...sampleScopePresets, asrScope, 'CONCURRENCY']);

interface UnmatchedSearch {
  file: string;
  assignments: readonly Assignment[];
  /** Every literal of the file that a place leads to. */
  literals: readonly PlacedLiteral[];
  names: MetricNames;
  isKnown: (source: string) => boolean;
}

/**
 * Every module-level constant with a numeric literal that no rule gives a meaning, so that a new naming pattern is
 * noticed: neither a metric nor a sample scope nor the concurrency nor a context variable nor
 * listed in the config.
 *
 * @param search `isKnown` says whether a source has a meaning of another kind: context variables, ignored and fixed
 * constants
 */
export function unmatchedConstants(search: UnmatchedSearch): Finding[] {
  const { file, assignments, names, isKnown } = search;
  const literalsOf = literalsByRoot(search.literals);
  return assignments
    .filter((assignment) => isConstant(assignment) && !knownScopes.has(assignment.name))
    .flatMap((assignment) =>
      numbersOf(assignment, { names, literals: literalsOf.get(assignment.name) ?? [] }),
    )
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

/**
 * The numbers of a constant that no metric claims. Of a table of tables by concurrency a key counts once, whatever its
 * levels; anything else is spelt by its whole place.
 */
function numbersOf(
  { name, value }: Assignment,
  /** Its own literals. */
  { names, literals }: Pick<UnmatchedSearch, 'names' | 'literals'>,
): { text: string; position: SourcePosition }[] {
  if (names.ofConstant(name) !== null) {
    return [];
  }
  const met = new Map<string, SourcePosition>();
  for (const literal of literals.filter(({ value: number }) => number !== null)) {
    const place = parsePlace(literal.place);
    const isClaimed = place?.steps.some(
      (step) =>
        step.kind === 'key' && step.key.kind === 'string' && names.ofNestedKey(step.key.value) !== null,
    );
    const text = place === null ? literal.place : withoutLevel(place, value.kind === 'dictionary');
    if (isClaimed !== true && !met.has(text)) {
      met.set(text, literal);
    }
  }
  return [...met].map(([text, { line, column }]) => ({ text, position: { line, column } }));
}

function withoutLevel(place: Place, isTable: boolean): string {
  const [level, key, further] = place.steps;
  const isLevel = level?.kind === 'key' && (level.key.kind === 'integer' || level.key.kind === 'name');
  const isKey = key?.kind === 'key' && key.key.kind === 'string' && further === undefined;
  return formatPlace(isTable && isLevel && isKey ? { ...place, steps: [key] } : place);
}
