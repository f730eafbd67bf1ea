import type { MetricNames } from '../metrics/name-rules.ts';
import type { Candidate, CandidateResult } from './candidates.ts';
import { findingAt, type Finding } from './finding.ts';
import type { Assignment, DictionaryValue, InnerEntry } from './source-facts.ts';

/**
 * The metrics of a dictionary of dictionaries (spec 02 §3): its inner keys that name a metric, in the order in which they
 * are met. The outer keys are concurrency levels and are not inspected here; a key with a number at some level is a
 * candidate, and its levels without one are reported.
 */
export function nestedCandidates(nested: {
  file: string;
  names: MetricNames;
  assignment: Assignment;
  dictionary: DictionaryValue;
  doubt: string | null;
}): CandidateResult {
  const { file, names, assignment, dictionary, doubt } = nested;
  const { name } = assignment;
  const candidates = new Map<string, Candidate>();
  const findings: Finding[] = [];
  for (const entry of dictionary.entries) {
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
        doubt: doubt ?? repeated ?? known?.doubt ?? null,
      });
    }
  }
  return { candidates: [...candidates.values()], findings };
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
