import type { MetricNames } from '../metrics/metrics.ts';
import { doubtOf, type Finding, findingAt, kindWords, unusableForm } from './finding.ts';
import type { ListedConstants } from './listed-constants.ts';
import {
  type Aside,
  type Assignment,
  type DictionaryValue,
  type InnerEntry,
  isConstant,
  type OuterEntry,
  type SourcePosition,
  type StrayKey,
} from './source-facts.ts';

interface Nested {
  file: string;
  names: MetricNames;
  assignment: Assignment;
  dictionary: DictionaryValue;
  doubt: string | null;
}

/**
 * The metrics of a dictionary of dictionaries: its inner keys that name a metric, in the order in which they
 * are met. The outer keys are concurrency levels and are not inspected here; a key with a number at some level is a
 * candidate, and its levels without one are reported, as are metrics at any other level.
 */
export function nestedCandidates(nested: Nested): CandidateResult {
  const candidates = new Map<string, Candidate>();
  const findings = nested.dictionary.entries.flatMap((entry) => readOuter({ nested, entry, candidates }));
  return { candidates: [...candidates.values()], findings };
}

function readOuter(outer: {
  nested: Nested;
  entry: OuterEntry;
  candidates: Map<string, Candidate>;
}): Finding[] {
  const { nested, entry, candidates } = outer;
  const { file, names, assignment, dictionary } = nested;
  const { name } = assignment;
  const splat =
    dictionary.hasSplat || entry.innerHasSplat ? 'contains a ** entry, which may replace it' : null;
  const findings: Finding[] = [];
  const seen = new Set<string>();
  for (const inner of entry.inner ?? []) {
    const metric = names.ofNestedKey(inner.key);
    if (metric === null) {
      continue;
    }
    const source = `${name}['${inner.key}']`;
    if (inner.value.kind !== 'number') {
      findings.push(notANumber({ file, source, inner }));
      continue;
    }
    const repeated = seen.has(inner.key) ? `has the key '${inner.key}' twice in one dictionary` : null;
    seen.add(inner.key);
    const known = candidates.get(inner.key);
    const literal = { line: inner.line, column: inner.column, text: inner.value.text };
    candidates.set(inner.key, {
      name,
      key: inner.key,
      metric,
      source,
      literals: [...(known?.literals ?? []), literal],
      doubt: nested.doubt ?? splat ?? repeated ?? known?.doubt ?? null,
    });
  }
  const stray = entry.stray.filter(({ key }) => names.ofNestedKey(key) !== null);
  return [...findings, ...stray.map((one) => strayFinding({ file, name, stray: one }))];
}

const strayWords: Readonly<Record<StrayKey['where'], string>> = {
  flat: 'stands in a flat dictionary; only {concurrency: {metric: number}} is calibrated',
  deeper: 'stands too deep; only {concurrency: {metric: number}} is calibrated',
  computed: 'is inside an expression: a derived value is not calibrated',
};

function strayFinding(place: { file: string; name: string; stray: StrayKey }): Finding {
  const { file, name, stray } = place;
  const isComputed = stray.where === 'computed';
  return findingAt(stray, {
    kind: isComputed ? 'derived' : 'not-usable',
    severity: isComputed ? 'info' : 'warning',
    file,
    message: `'${stray.key}' of ${name} ${strayWords[stray.where]}`,
  });
}

function notANumber(place: { file: string; source: string; inner: InnerEntry }): Finding {
  const { file, source, inner } = place;
  const { value } = inner;
  const text = value.kind === 'dictionary' || value.kind === 'number' ? `a ${value.kind}` : value.text;
  return findingAt(inner, {
    kind: value.kind === 'computed' ? 'derived' : 'not-usable',
    severity: value.kind === 'computed' ? 'info' : 'warning',
    file,
    message: `${source} is ${text}, not a numeric literal: not calibrated`,
  });
}

/** A literal that is a threshold by its name: what a stage's metric may be made of. */
export interface Candidate {
  name: string;
  /** Inner dictionary key; null for a bare constant. */
  key: string | null;
  metric: string;
  /** As spelt in `stages.yaml`: bare, or `NAME['key']`. */
  source: string;
  /** Every literal that the source may stand for (one for each outer key), source order. */
  literals: (SourcePosition & { text: string })[];
  /** Why the literal is not certain; null when it is. */
  doubt: string | null;
  /** What settles the doubt, where that is more than writing one plain literal. */
  remedy?: string;
  /** The module hands the constant to `min()` or `max()` as it is. */
  isCap?: boolean;
}

export interface CandidateSearch {
  /** Repository-relative path of the file the constants are in. */
  file: string;
  assignments: readonly Assignment[];
  asides: readonly Aside[];
  names: MetricNames;
  /** What to pass over without a word. */
  ignored: ListedConstants;
  /** What to leave alone and report. */
  fixed: ListedConstants;
}

export interface CandidateResult {
  candidates: Candidate[];
  findings: Finding[];
}

/**
 * The thresholds of a file in source order, and a finding for everything that has a threshold's name but cannot be
 * one: computed, conditional, assigned more than once, local, not a number, fixed by the config.
 */
export function findCandidates(search: CandidateSearch): CandidateResult {
  const byName = new Map<string, Assignment[]>();
  for (const assignment of search.assignments) {
    byName.set(assignment.name, [...(byName.get(assignment.name) ?? []), assignment]);
  }
  const result: CandidateResult = { candidates: [], findings: [] };
  for (const [name, bindings] of byName) {
    const found = search.ignored.hasSymbol(name) ? null : readSymbol({ search, name, bindings });
    result.candidates.push(...(found?.candidates ?? []));
    result.findings.push(...(found?.findings ?? []));
  }
  const asides = search.asides.filter((aside) => isReported(aside, { search, byName }));
  result.findings.push(...asides.map((aside) => asideFinding(aside, search.file)));
  return result;
}

interface SymbolBindings {
  search: CandidateSearch;
  name: string;
  bindings: Assignment[];
}

function readSymbol(symbol: SymbolBindings): CandidateResult {
  const { search, name, bindings } = symbol;
  const { file, names } = search;
  const metric = names.ofConstant(name);
  const nestedIn = bindings.filter(({ value }) => hasMetricKeys(value, names));
  const first = bindings[0];
  if (first === undefined || (metric === null && nestedIn.length === 0)) {
    return { candidates: [], findings: [] };
  }
  if (search.fixed.hasSymbol(name)) {
    return { candidates: [], findings: [fixedFinding(name, first.target, file)] };
  }
  const last = bindings.findLast(isConstant);
  if (last === undefined) {
    return { candidates: [], findings: bindings.map((binding) => unusableForm(binding, file)) };
  }
  const doubt = doubtOf(bindings);
  // The outer name of a speed dict does not matter, even where it reads like a bare threshold's.
  const isNested = last.value.kind === 'dictionary' && (metric === null || hasMetricKeys(last.value, names));
  const result =
    last.value.kind === 'dictionary' && isNested
      ? nestedCandidates({ file, names, assignment: last, dictionary: last.value, doubt })
      : bareCandidate({ file, metric, assignment: last, doubt });
  if (doubt !== null && result.candidates.length === 0) {
    result.findings.push(
      findingAt(last.target, { kind: 'not-usable', severity: 'warning', file, message: `${name} ${doubt}` }),
    );
  }
  return withoutListed(result, search);
}

/** Single keys of a speed dict may be ignored or fixed as well. */
function withoutListed(result: CandidateResult, search: CandidateSearch): CandidateResult {
  const { file, ignored, fixed } = search;
  const kept = result.candidates.filter(({ source }) => !ignored.hasSource(source));
  return {
    candidates: kept.filter(({ source }) => !fixed.hasSource(source)),
    findings: [
      ...result.findings,
      ...kept
        .filter(({ source }) => fixed.hasSource(source))
        .map(({ source, literals }) => fixedFinding(source, literals[0] ?? null, file)),
    ],
  };
}

function fixedFinding(source: string, position: SourcePosition | null, file: string): Finding {
  const message = `${source} is fixed by the config: observed by nobody, left alone`;
  return findingAt(position, { kind: 'fixed', severity: 'info', file, message });
}

function hasMetricKeys(value: Assignment['value'], names: MetricNames): boolean {
  const isMetric = (key: string) => names.ofNestedKey(key) !== null;
  if (value.kind === 'dictionary') {
    return value.entries.some(
      (entry) =>
        entry.inner?.some((inner) => isMetric(inner.key)) === true ||
        entry.stray.some((stray) => isMetric(stray.key)),
    );
  }
  return value.kind !== 'number' && value.keys.some(isMetric);
}

function bareCandidate(bare: {
  file: string;
  metric: string | null;
  assignment: Assignment;
  doubt: string | null;
}): CandidateResult {
  const { file, metric, assignment, doubt } = bare;
  const { name, value, valueSpan } = assignment;
  if (value.kind === 'number' && metric !== null) {
    const literals = [{ line: valueSpan.line, column: valueSpan.column, text: value.text }];
    return { candidates: [{ name, key: null, metric, source: name, literals, doubt }], findings: [] };
  }
  const finding: Pick<Finding, 'kind' | 'severity' | 'message'> =
    value.kind === 'computed'
      ? {
          kind: 'derived',
          severity: 'info',
          message: `${name} is computed (${value.text}): a derived value is not calibrated`,
        }
      : {
          kind: 'not-usable',
          severity: 'warning',
          message: `${name} is ${kindWords[value.kind]}, not a number: not calibrated`,
        };
  return { candidates: [], findings: [findingAt(valueSpan, { ...finding, file })] };
}

/** A local name is reported whatever the module has besides; an annotation only when nothing gives the value. */
function isReported(
  aside: Aside,
  context: { search: CandidateSearch; byName: ReadonlyMap<string, Assignment[]> },
): boolean {
  const { names, ignored, fixed } = context.search;
  const { name, scope, value } = aside;
  const isThreshold = names.ofConstant(name) !== null || hasMetricKeys(value, names);
  const bindings = context.byName.get(name) ?? [];
  const isExplained =
    scope === null ? bindings.length > 0 : bindings.some((binding) => binding.form === 'global');
  return isThreshold && !isExplained && !ignored.hasSymbol(name) && !fixed.hasSymbol(name);
}

function asideFinding(aside: Aside, file: string): Finding {
  const { name, scope } = aside;
  const what = scope === null ? 'is annotated but never given a value' : `is assigned inside ${scope}`;
  const message = `${name} ${what}: only a plain module-level assignment of a number can be calibrated`;
  return findingAt(aside, { kind: 'not-usable', severity: 'warning', file, message });
}
