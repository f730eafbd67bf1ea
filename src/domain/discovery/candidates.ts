import type { MetricNames } from '../metrics/name-rules.ts';
import { findingAt, type Finding } from './finding.ts';
import { nestedCandidates } from './nested-candidates.ts';
import { isConstant, type Assignment, type SourcePosition } from './source-facts.ts';

/** A literal that is a threshold by its name: what a stage's metric may be made of. */
export interface Candidate {
  name: string;
  /** Inner dictionary key; null for a bare constant. */
  key: string | null;
  metric: string;
  /** As spelt in `stages.yaml`: bare, or `NAME['key']` (spec 02 §8 step 3). */
  source: string;
  /** Every literal that the source may stand for (one for each outer key), source order. */
  literals: (SourcePosition & { text: string })[];
  /** Why the literal is not certain; null when it is. */
  doubt: string | null;
}

export interface CandidateSearch {
  /** Repository-relative path of the file the constants are in. */
  file: string;
  assignments: readonly Assignment[];
  names: MetricNames;
  /** Names to pass over without a word (spec 02 §3). */
  ignored: ReadonlySet<string>;
  /** Names to leave alone and report. */
  fixed: ReadonlySet<string>;
}

export interface CandidateResult {
  candidates: Candidate[];
  findings: Finding[];
}

/**
 * The thresholds of a file in source order, and a finding for everything that has a threshold's name but cannot be one
 * (spec 02 §3, §4): computed, conditional, assigned more than once, not a number, fixed by the config.
 */
export function findCandidates(search: CandidateSearch): CandidateResult {
  const byName = new Map<string, Assignment[]>();
  for (const assignment of search.assignments) {
    byName.set(assignment.name, [...(byName.get(assignment.name) ?? []), assignment]);
  }
  const result: CandidateResult = { candidates: [], findings: [] };
  for (const [name, bindings] of byName) {
    const found = search.ignored.has(name) ? null : readSymbol({ search, name, bindings });
    result.candidates.push(...(found?.candidates ?? []));
    result.findings.push(...(found?.findings ?? []));
  }
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
  const nestedIn = bindings.filter((binding) => hasMetricKeys(binding, names));
  const first = bindings[0];
  if (first === undefined || (metric === null && nestedIn.length === 0)) {
    return { candidates: [], findings: [] };
  }
  if (search.fixed.has(name)) {
    const message = `${name} is fixed by the config: observed by nobody, left alone`;
    return {
      candidates: [],
      findings: [findingAt(first.target, { kind: 'fixed', severity: 'info', file, message })],
    };
  }
  const last = bindings.findLast(isConstant);
  if (last === undefined) {
    return { candidates: [], findings: bindings.map((binding) => unusableForm(binding, file)) };
  }
  const doubt = doubtOf(bindings);
  const result =
    last.value.kind === 'dictionary' && metric === null
      ? nestedCandidates({ file, names, assignment: last, dictionary: last.value, doubt })
      : bareCandidate({ file, metric, assignment: last, doubt });
  if (doubt !== null && result.candidates.length === 0) {
    result.findings.push(
      findingAt(last.target, { kind: 'not-usable', severity: 'warning', file, message: `${name} ${doubt}` }),
    );
  }
  return result;
}

function hasMetricKeys({ value }: Assignment, names: MetricNames): boolean {
  const isMetric = (key: string) => names.ofNestedKey(key) !== null;
  if (value.kind === 'dictionary') {
    return value.entries.some((entry) => entry.inner?.some((inner) => isMetric(inner.key)));
  }
  return value.kind === 'computed' && value.keys.some(isMetric);
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

const kindWords: Readonly<Record<Assignment['value']['kind'], string>> = {
  number: 'a number',
  dictionary: 'a dictionary',
  boolean: 'a boolean',
  none: 'None',
  string: 'a string',
  collection: 'a collection',
  computed: 'computed',
};

const formWords: Readonly<Record<Assignment['form'], string>> = {
  plain: 'is assigned',
  annotated: 'is assigned',
  tuple: 'is assigned as part of a tuple',
  augmented: 'is changed by an augmented assignment',
  item: 'has an item assigned',
  conditional: 'is assigned conditionally',
  walrus: 'is assigned inside an expression',
  imported: 'is imported',
};

function unusableForm(binding: Assignment, file: string): Finding {
  const { name, form, target, value } = binding;
  if (form === 'imported' && value.kind === 'computed') {
    return findingAt(target, {
      kind: 'not-usable',
      severity: 'warning',
      file,
      message: `${name} is ${value.text}: its literal is not in this file`,
      remedy:
        'name the file that holds it as threshold_file in metric_sources, or list it in ignored_constants',
    });
  }
  return findingAt(target, {
    kind: 'not-usable',
    severity: 'warning',
    file,
    message: `${name} ${formWords[form]}: only a plain module-level assignment of a number can be calibrated`,
  });
}

/** Why a symbol that has a proper assignment has no certain value: more bindings than that one. */
function doubtOf(bindings: readonly Assignment[]): string | null {
  const [first, ...others] = bindings;
  if (first === undefined || others.length === 0) {
    return null;
  }
  const forms = new Set(
    bindings.map((binding) => (isConstant(binding) ? 'is assigned' : formWords[binding.form])),
  );
  const lines = bindings.map((binding) => `${binding.target.line}:${binding.target.column}`);
  return `has ${bindings.length} bindings (at ${lines.join(', ')}; it ${[...forms].join(' and ')})`;
}
