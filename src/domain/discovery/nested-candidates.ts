import type { MetricNames } from '../metrics/name-rules.ts';
import type { Candidate, CandidateResult } from './candidates.ts';
import { findingAt, type Finding } from './finding.ts';
import type { Assignment, DictionaryValue, InnerEntry, OuterEntry, StrayKey } from './source-facts.ts';

interface Nested {
  file: string;
  names: MetricNames;
  assignment: Assignment;
  dictionary: DictionaryValue;
  doubt: string | null;
}

/**
 * The metrics of a dictionary of dictionaries (spec 02 §3): its inner keys that name a metric, in the order in which they
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
