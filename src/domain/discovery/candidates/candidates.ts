import type { MetricNames } from '../../metrics/metric-names.ts';
import { literalsByRoot, type PlacedLiteral } from '../../places/list-literals.ts';
import { describeTree, kindWords, type LiteralTree } from '../../places/literal-tree.ts';
import { isDataFile } from '../../places/place.ts';
import { choiceOf } from './conditional-value.ts';
import { doubtOf, type Finding, findingAt, unusableForm } from '../finding.ts';
import { type Aside, type Assignment, isConstant, type SourcePosition } from '../source-facts.ts';
import { tableCandidates } from './table-candidates.ts';
import { hasMetricKeys } from './unusable-entries.ts';
import type { Candidate, CandidateResult, CandidateSearch } from './candidate.ts';

/**
 * The thresholds of a file in source order, and a finding for everything that has a threshold's name but cannot be
 * one: computed, conditional, assigned more than once, local, not a number, fixed by the config.
 */
export function findCandidates(search: CandidateSearch): CandidateResult {
  if (isDataFile(search.file)) {
    return dataCandidates(search);
  }
  const byName = new Map<string, Assignment[]>();
  for (const assignment of search.assignments) {
    const bindings = byName.get(assignment.name);
    if (bindings === undefined) byName.set(assignment.name, [assignment]);
    else bindings.push(assignment);
  }
  const literalsOf = literalsByRoot(search.literals);
  const result: CandidateResult = { candidates: [], findings: [] };
  for (const [name, bindings] of byName) {
    const found = search.ignored.hasSymbol(name)
      ? null
      : readSymbol({ search, name, bindings, literals: literalsOf.get(name) ?? [] });
    result.candidates.push(...(found?.candidates ?? []));
    result.findings.push(...(found?.findings ?? []));
  }
  for (const aside of search.asides.filter((one) => isReported(one, { search, byName }))) {
    const attribute = classAttribute(aside, search);
    if (attribute === null) {
      result.findings.push(asideFinding(aside, search.file));
    } else {
      result.candidates.push(attribute);
    }
  }
  return result;
}

/** The numbers of a YAML or JSON file: the last text key on the way names the metric. */
function dataCandidates(search: CandidateSearch): CandidateResult {
  const name = search.file.slice(search.file.lastIndexOf('/') + 1);
  const tree: LiteralTree = { kind: 'collection', items: [], hasSplat: false, line: 1, column: 1 };
  const found = tableCandidates({ ...search, name, metric: null, tree, doubt: null });
  return withoutListed(found, search);
}

interface SymbolBindings {
  search: CandidateSearch;
  name: string;
  bindings: Assignment[];
  /** Those of the file that lead through the name. */
  literals: readonly PlacedLiteral[];
}

function readSymbol(symbol: SymbolBindings): CandidateResult {
  const { search, name, bindings, literals } = symbol;
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
    const choice = choiceOf(bindings);
    const findings =
      choice === null
        ? bindings.map((binding) => unusableForm(binding, file))
        : [conditionalFinding({ ...search, name, metric, value: choice })];
    return { candidates: [], findings };
  }
  const doubt = doubtOf(bindings) ?? chainDoubt(last, names);
  const isTable = ['dictionary', 'collection', 'record'].includes(last.value.kind);
  const result =
    isTable && (nestedIn.includes(last) || literals.some(({ value }) => value !== null))
      ? tableCandidates({ ...search, name, metric, tree: last.value, literals, doubt })
      : bareCandidate({ ...search, metric, assignment: last, doubt });
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
  const message = `${source} is fixed by the config: not observed, left alone`;
  return findingAt(position, { kind: 'fixed', severity: 'info', file, message });
}

function bareCandidate(bare: {
  file: string;
  metric: string | null;
  assignment: Assignment;
  doubt: string | null;
  fillPending: boolean;
  settings: string;
}): CandidateResult {
  const { file, metric, assignment, doubt, fillPending, settings } = bare;
  const { name, value, valueSpan } = assignment;
  const isPending = value.kind === 'none' && fillPending;
  if ((value.kind === 'number' || isPending) && metric !== null) {
    const { line, column, text } = value;
    const literals = [{ line, column, text }];
    const candidate: Candidate = { name, key: null, metric, source: name, literals, doubt, obstacle: null };
    const variable = value.kind === 'number' ? value.variable : undefined;
    const marks = { ...(isPending ? { isPending } : {}), ...(variable === undefined ? {} : { variable }) };
    return { candidates: [{ ...candidate, ...marks }], findings: [] };
  }
  if (value.kind === 'choice') {
    return { candidates: [], findings: [conditionalFinding({ file, settings, name, metric, value })] };
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

/** `A = B = 0.5`: one literal is the value of both, and is never written for one of them alone. */
function chainDoubt({ sharedWith = [], target }: Assignment, names: MetricNames): string | null {
  const other = sharedWith.find((name) => names.ofConstant(name) === null);
  return other === undefined
    ? null
    : `shares its literal with ${other} (line ${target.line}), which is no threshold`;
}

/** Both branches, and how the config selects one. */
export function conditionalFinding(conditional: {
  file: string;
  settings: string;
  name: string;
  metric: string | null;
  value: LiteralTree & { kind: 'choice' };
}): Finding {
  const { file, settings, name, metric, value } = conditional;
  return findingAt(value, {
    kind: 'not-usable',
    severity: 'warning',
    file,
    message: `${name} is ${describeTree(value)}: not calibrated`,
    remedy: `select a branch under ${settings}.places, such as ${metric ?? 'METRIC'}: "${name}@${value.branches[0]?.label}", or list it in ignored_constants`,
  });
}

/** An attribute of a class of the module has a place of its own. */
function classAttribute({ name, scope }: Aside, { literals, names }: CandidateSearch): Candidate | null {
  const root = /^class (.+)$/.exec(scope ?? '')?.[1];
  const literal = literals.find((one) => one.place === `${root}.${name}` && one.value !== null);
  const metric = names.ofConstant(name);
  if (literal === undefined || metric === null || literal.obstacle !== null) {
    return null;
  }
  const { line, column, text, place } = literal;
  return {
    name,
    key: name,
    metric,
    source: place,
    literals: [{ line, column, text }],
    doubt: null,
    obstacle: null,
  };
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
