import { nearestName } from '../../catalog/names.ts';
import { formatPlace, formatStep, isSamePlace, placeInFile } from '../../places/format-place.ts';
import type { PlacedLiteral } from '../../places/list-literals.ts';
import { parsePlace, placeForms } from '../../places/parse-place.ts';
import type { Place, PlaceStep } from '../../places/place.ts';
import type { Candidate, CandidateSearch } from './candidate.ts';
import { isDeviceStep } from './device-row.ts';
import { chooseLiteral, type PathLiteral } from './table-candidates.ts';

export interface PlaceClaims {
  /** Metric → place, as the config gives them. */
  places: Readonly<Record<string, string>>;
  search: CandidateSearch;
  /** Whether a literal that is still `None` may be filled. */
  fillPending: boolean;
  /** The variant that the claims are for; null for the whole file. */
  variant: string | null;
}

/**
 * The literals that a config names by their place. Each gives a candidate, so that a place that is not there, or cannot be
 * written, is said and keeps its stage from being started. A place may leave out the row of a device and the level of a
 * concurrency (`PERF['tok_s']` for `PERF['H200']['tok_s']`); they are then chosen as for any other table.
 */
export function claimedCandidates(claims: PlaceClaims): Candidate[] {
  return Object.entries(claims.places).map(([metric, text]) => ({
    ...claimed(metric, text, claims),
    isClaimed: true as const,
    ...(claims.variant === null ? {} : { variant: claims.variant }),
  }));
}

function claimed(metric: string, text: string, claims: PlaceClaims): Candidate {
  const { search } = claims;
  const place = parsePlace(text, search.file);
  const broken = (reason: string, remedy: string): Candidate => ({
    name: place?.root.kind === 'name' ? place.root.name : text,
    key: null,
    metric,
    source: place === null ? text : formatPlace(placeInFile(search.file, place)),
    literals: [],
    doubt: null,
    obstacle: reason,
    remedy,
  });
  if (place === null) {
    return broken('is no place', `write one of ${placeForms}`);
  }
  if (place.file !== null && !isSamePlace(place, { ...place, file: search.file })) {
    return broken(
      `is in ${place.file}, but the thresholds of this test are read from ${search.file}`,
      'name that file as threshold_file, or correct the place',
    );
  }
  const paths = meantBy(place, metric, search);
  if (paths.length === 0) {
    const known = search.literals.map((literal) => literal.place);
    const near = nearestName(text, known);
    return broken(
      `has no literal in ${search.file}${near === null ? '' : `; did you mean ${near}?`}`,
      'correct the place',
    );
  }
  return chosenPath(paths, { claims, metric, text });
}

function chosenPath(
  paths: readonly PathLiteral[],
  claim: { claims: PlaceClaims; metric: string; text: string },
): Candidate {
  const { claims, text } = claim;
  const { search, fillPending } = claims;
  const [first, second] = paths;
  if (first !== undefined && second === undefined) {
    return candidateAt(first, { metric: claim.metric, fillPending });
  }
  const name = first?.literal.root ?? text;
  const tree = search.assignments.findLast((assignment) => assignment.name === name)?.value;
  const chosen = chooseLiteral(paths, {
    ...search,
    name,
    metric: claim.metric,
    tree: tree ?? { kind: 'computed', text: '', keys: [], line: 1, column: 1 },
    literals: [],
    doubt: null,
  });
  return 'finding' in chosen
    ? {
        ...candidateAt(paths[0] as PathLiteral, { metric: claim.metric, fillPending }),
        source: text,
        obstacle: `stands for several literals (${paths.map(({ literal }) => literal.place).join(', ')})`,
        remedy: 'name one of them in full',
      }
    : chosen;
}

function candidateAt(
  { literal }: PathLiteral,
  { metric, fillPending }: { metric: string; fillPending: boolean },
): Candidate {
  const { root, place, line, column, text, value, variable } = literal;
  const isPending = value === null && literal.obstacle === null;
  return {
    name: root,
    key: literal.label,
    metric,
    source: place,
    literals: [{ line, column, text }],
    doubt: null,
    obstacle: literal.obstacle ?? (isPending && !fillPending ? 'is None: the gate is off' : null),
    ...(isPending
      ? { isPending, remedy: 'set fill_pending: true to let the first calibration write it' }
      : {}),
    ...(variable === null ? {} : { variable }),
  };
}

/** The literals that a place can mean: exactly that one, or those that it says all of but the row and the level. */
function meantBy(place: Place, metric: string, search: CandidateSearch): PathLiteral[] {
  const wanted = placeInFile(search.file, place);
  const spelt = formatPlace(wanted);
  const exact = search.literals.filter(
    (literal) => literal.place === spelt || literal.aliases?.includes(spelt) === true,
  );
  const meant =
    exact.length > 0 ? exact : search.literals.filter((literal) => isAbbreviation(wanted, literal));
  return meant.flatMap((literal) => {
    const full = parsePlace(literal.place, search.file);
    const steps = full?.steps ?? [];
    return full === null ? [] : [{ literal, place: full, steps, metricAt: steps.length - 1, metric }];
  });
}

function isAbbreviation(wanted: Place, literal: PlacedLiteral): boolean {
  if (wanted.root.kind !== 'name' || literal.root !== wanted.root.name || literal.value === null) {
    return false;
  }
  const full = parsePlace(literal.place);
  const last = wanted.steps.at(-1);
  if (full === null || full.steps.length <= wanted.steps.length) {
    return false;
  }
  // Steps in order, the missing ones being rows or levels.
  let at = 0;
  for (const step of full.steps) {
    const next = wanted.steps[at];
    if (next !== undefined && isSameStep(step, next)) {
      at += 1;
    } else if (!isDeviceStep(step) && !isLevelStep(step)) {
      return false;
    }
  }
  return at === wanted.steps.length && (last === undefined || full.steps.length > 0);
}

function isLevelStep(step: PlaceStep): boolean {
  return step.kind === 'key' && (step.key.kind === 'integer' || step.key.kind === 'name');
}

function isSameStep(left: PlaceStep, right: PlaceStep): boolean {
  return formatStep(left) === formatStep(right);
}
