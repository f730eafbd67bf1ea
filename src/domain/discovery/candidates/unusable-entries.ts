import type { MetricNames } from '../../metrics/metric-names.ts';
import { describeTree, type LiteralTree, type TableRow } from '../../places/literal-tree.ts';
import { findingAt, type Finding } from '../finding.ts';

/** Where entries are looked for. */
export interface EntrySearch {
  file: string;
  names: MetricNames;
  /** The name that the value is bound to. */
  name: string;
  tree: LiteralTree;
  fillPending: boolean;
}

/** Whether a value has a text key that names a metric, at any depth or inside an expression. */
export function hasMetricKeys(value: LiteralTree, names: MetricNames): boolean {
  const isMetric = (key: string): boolean => names.ofNestedKey(key) !== null;
  const own =
    value.kind === 'dictionary'
      ? value.rows.some(({ key }) => key?.kind === 'string' && isMetric(key.value))
      : 'keys' in value && value.keys.some(isMetric);
  return own || childrenOf(value).some((child) => hasMetricKeys(child, names));
}

/** Entries that have a metric's key and no number, and metrics inside expressions. */
export function unusableEntries(search: EntrySearch): Finding[] {
  const findings: Finding[] = [];
  visitEntries({ tree: search.tree, depth: 0, search, findings });
  return findings;
}

function visitEntries(visit: {
  tree: LiteralTree;
  depth: number;
  search: EntrySearch;
  findings: Finding[];
}): void {
  const { tree, depth, search, findings } = visit;
  const { file, names, name } = search;
  if (tree.kind === 'dictionary') {
    findings.push(...tree.rows.flatMap((row) => unusableRow(row, depth, search)));
  }
  if (tree.kind === 'computed') {
    for (const key of tree.keys.filter((one) => names.ofNestedKey(one) !== null)) {
      const message = `'${key}' of ${name} is inside an expression: a derived value is not calibrated`;
      findings.push(findingAt(tree, { kind: 'derived', severity: 'info', file, message }));
    }
  }
  for (const child of childrenOf(tree)) {
    visitEntries({ ...visit, tree: child, depth: depth + 1 });
  }
}

/** A text or a truth value at the top is a label of the metric; deeper down a number was to be expected. */
function unusableRow(
  row: TableRow,
  depth: number,
  { file, names, name, fillPending }: EntrySearch,
): Finding[] {
  const { key, value } = row;
  const isExpected =
    value.kind === 'computed' ||
    (value.kind === 'none' && !fillPending) ||
    (depth > 0 && (value.kind === 'string' || value.kind === 'boolean'));
  return key?.kind === 'string' && names.ofNestedKey(key.value) !== null && isExpected
    ? [notANumber({ file, source: `${name}['${key.value}']`, value })]
    : [];
}

function childrenOf(tree: LiteralTree): LiteralTree[] {
  switch (tree.kind) {
    case 'dictionary':
      return tree.rows.map(({ value }) => value);
    case 'collection':
      return tree.items;
    case 'record':
      return [...tree.positional, ...tree.fields.map(({ value }) => value)];
    case 'choice':
      return tree.branches.map(({ value }) => value);
    default:
      return [];
  }
}

function notANumber(entry: { file: string; source: string; value: LiteralTree }): Finding {
  const { file, source, value } = entry;
  const isComputed = value.kind === 'computed';
  return findingAt(value, {
    kind: isComputed ? 'derived' : 'not-usable',
    severity: isComputed ? 'info' : 'warning',
    file,
    message: `${source} is ${describeTree(value).replaceAll('`', '')}, not a numeric literal: not calibrated`,
  });
}
