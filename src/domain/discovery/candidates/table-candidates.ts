import type { MetricNames } from '../../metrics/metric-names.ts';
import { keyIdentity } from '../../places/find-literal.ts';
import { formatPlace } from '../../places/format-place.ts';
import type { PlacedLiteral } from '../../places/list-literals.ts';
import type { LiteralTree, TableTree } from '../../places/literal-tree.ts';
import { parsePlace } from '../../places/parse-place.ts';
import type { Place, PlaceStep } from '../../places/place.ts';
import type { Candidate, CandidateResult } from './candidate.ts';
import { describeRows, isDeviceStep, matchesDevice, type Device } from './device-row.ts';
import { findingAt, type Finding } from '../finding.ts';
import { unusableEntries } from './unusable-entries.ts';

export interface TableSearch {
  file: string;
  /** The config key of the test's settings, for remedies. */
  settings: string;
  names: MetricNames;
  /** The name that the value is bound to, and the metric that this name claims by itself. */
  name: string;
  metric: string | null;
  tree: LiteralTree;
  /** The literals below the name. */
  literals: readonly PlacedLiteral[];
  /** Why the name has no certain value; null when it has. */
  doubt: string | null;
  /** Which row of a table by device counts; null where the config names no device. */
  device: Device | null;
  /** Whether a `None` is a threshold that a calibration may write. */
  fillPending: boolean;
  /** The suite's concurrency, which chooses among the levels of a table of tables. */
  concurrency: number | null;
}

/** A literal with its way through the table, and the part of the way that names the metric. */
export interface PathLiteral {
  literal: PlacedLiteral;
  place: Place;
  steps: PlaceStep[];
  /** Index of the step that names the metric; -1 where the symbol does. */
  metricAt: number;
  metric: string;
}

/**
 * The metrics of a table, a list or an instance: for each the one literal that is meant. Levels of concurrency stay open
 * (`NAME['key']`), the suite's `CONCURRENCY` settles them whenever the literal is read; of a table by device the row of
 * this device is taken. What has several literals and nothing to choose by is blocked, or only reported where the metric is
 * the symbol's alone.
 */
export function tableCandidates(search: TableSearch): CandidateResult {
  const groups = new Map<string, PathLiteral[]>();
  for (const literal of search.literals) {
    const isPending = literal.value === null && literal.obstacle === null && search.fillPending;
    const path = literal.value === null && !isPending ? null : pathOf(literal, search);
    if (path !== null) {
      const known = groups.get(path.metric);
      if (known === undefined) groups.set(path.metric, [path]);
      else known.push(path);
    }
  }
  const result: CandidateResult = { candidates: [], findings: unusableEntries(search) };
  for (const paths of groups.values()) {
    const chosen = chooseLiteral(paths, search);
    if ('finding' in chosen) {
      result.findings.push(chosen.finding);
    } else {
      result.candidates.push(chosen);
    }
  }
  return result;
}

function pathOf(literal: PlacedLiteral, { names, metric }: TableSearch): PathLiteral | null {
  const place = parsePlace(literal.place);
  if (place === null) {
    return null;
  }
  const { steps } = place;
  for (let at = steps.length - 1; at >= 0; at -= 1) {
    const step = steps[at];
    const named =
      step?.kind === 'key' && step.key.kind === 'string' ? names.ofNestedKey(step.key.value) : null;
    if (named !== null) {
      return { literal, place, steps, metricAt: at, metric: named };
    }
  }
  return metric === null ? null : { literal, place, steps, metricAt: -1, metric };
}

/** Of several literals for one metric the one that device and concurrency choose, or why there is none. */
export function chooseLiteral(
  paths: readonly PathLiteral[],
  search: TableSearch,
): Candidate | { finding: Finding } {
  if (search.tree.kind === 'dictionary' && paths.every(isLevelled)) {
    return candidateOf({
      paths,
      search,
      source: abbreviated(paths[0], (_step, at) => at === 0),
      obstacle: levelObstacle(search.tree, search),
    });
  }
  const deviceOf = (path: PathLiteral) =>
    path.steps.filter((step, at) => at !== path.metricAt && isDeviceStep(step));
  const rows = paths.filter((path) => deviceOf(path).length > 0);
  const { device } = search;
  if (rows.length > 0 && device !== null) {
    const name = device.kind === 'device' ? device.name : null;
    const ofDevices = new Set(rows);
    const mine =
      name === null
        ? []
        : paths.filter(
            (path) => !ofDevices.has(path) || deviceOf(path).some((step) => matchesDevice(step, name)),
          );
    const [only] = mine.length === 1 ? mine : atConcurrency(mine, search.concurrency);
    return only === undefined
      ? candidateOf({
          paths,
          search,
          source: openSource(paths, deviceOf),
          ...blockedRow({ mine, rows, device, search }),
        })
      : candidateOf({ paths: [only], search, source: only.literal.place, obstacle: null });
  }
  const [only, second] = paths;
  if (only !== undefined && second === undefined) {
    return candidateOf({ paths, search, source: only.literal.place, obstacle: null });
  }
  if (rows.length > 0 && paths.some(({ metricAt }) => metricAt >= 0)) {
    const several = new Set(rows.map((path) => describeRows(deviceOf(path)))).size > 1;
    const obstacle = several
      ? `has a row for each of ${describeRows(rows.flatMap(deviceOf))}, and nothing says which one counts`
      : `has ${paths.length} literals (${paths
          .slice(0, shownPlaces)
          .map(({ literal }) => literal.place)
          .join(', ')})`;
    const example = `name one under ${search.settings}.places, such as ${rows[0]?.metric}: "${rows[0]?.literal.place}"`;
    const remedy = several ? `give ${search.settings}.device_key, or ${example}` : example;
    const source = several ? openSource(paths, deviceOf) : (rows[0]?.literal.place ?? search.name);
    return candidateOf({ paths, search, source, obstacle, remedy });
  }
  return { finding: severalFinding(paths, search) };
}

/** `NAME[level]['key']` of a table of tables by concurrency. */
function isLevelled({ steps, metricAt }: PathLiteral): boolean {
  const [level] = steps;
  return (
    steps.length === 2 &&
    metricAt === 1 &&
    level?.kind === 'key' &&
    (level.key.kind === 'integer' || level.key.kind === 'name')
  );
}

/** As `locateLiteral` chooses; what it would refuse is known before a session begins. */
function levelObstacle(tree: TableTree, { concurrency, doubt }: TableSearch): string | null {
  const levels = tree.rows.map(({ key }) =>
    key?.kind === 'integer' || key?.kind === 'name' ? keyIdentity(key, () => null) : null,
  );
  // A splat or a key that cannot be read is a doubt about the literal already.
  if (doubt !== null || tree.hasSplat || levels.includes(null)) {
    return null;
  }
  const known = [...new Set(levels)];
  if (known.some((level) => level?.startsWith('name ') === true)) {
    return null;
  }
  if (concurrency === null) {
    return known.length > 1
      ? `has the keys ${known.join(', ')} and no CONCURRENCY says which one counts`
      : null;
  }
  return known.includes(String(concurrency))
    ? null
    : `has no key ${concurrency} (it has ${known.join(', ')})`;
}

/** Of the rows of one device those for the suite's concurrency, alone or in a tuple with the device. */
function atConcurrency(paths: readonly PathLiteral[], concurrency: number | null): readonly PathLiteral[] {
  const mine = paths.filter(({ steps }) =>
    steps.some(
      (step) =>
        step.kind === 'key' &&
        ((step.key.kind === 'integer' && step.key.value === concurrency) ||
          (step.key.kind === 'tuple' &&
            step.key.items.some((item) => item.kind === 'integer' && item.value === concurrency))),
    ),
  );
  return mine.length === 1 ? mine : [];
}

function blockedRow(row: {
  mine: readonly PathLiteral[];
  rows: readonly PathLiteral[];
  device: Device;
  search: TableSearch;
}): { obstacle: string; remedy?: string } {
  const { mine, rows, device, search } = row;
  if (device.kind === 'unknown') {
    return { obstacle: `is kept by device, and ${device.reason}`, remedy: device.remedy };
  }
  if (mine.length > 0) {
    const places = mine.map(({ literal }) => literal.place).join(', ');
    return {
      obstacle: `has several literals for ${device.name} (${places})`,
      remedy: 'name the right one under places',
    };
  }
  const shown = describeRows(
    rows.flatMap(({ steps, metricAt }) => steps.filter((step, at) => at !== metricAt && isDeviceStep(step))),
  );
  const example = rows[0];
  const place = example === undefined ? '' : rowToAdd(example, device.name);
  return {
    obstacle: `has no row for ${device.name} (it has ${shown})`,
    remedy: `add the row ${place} to ${search.file} with a first guess, or name another under places`,
  };
}

function rowToAdd({ place, steps, metricAt }: PathLiteral, device: string): string {
  const renamed = steps.map((step, at): PlaceStep => {
    if (at === metricAt || step.kind !== 'key' || !isDeviceStep(step)) {
      return step;
    }
    const name = { kind: 'string' as const, value: device };
    const { key } = step;
    return key.kind === 'tuple'
      ? {
          kind: 'key',
          key: { kind: 'tuple', items: key.items.map((item) => (item.kind === 'string' ? name : item)) },
        }
      : { kind: 'key', key: name };
  });
  return formatPlace({ ...place, steps: renamed });
}

function openSource(paths: readonly PathLiteral[], deviceOf: (path: PathLiteral) => PlaceStep[]): string {
  const [first] = paths;
  const open = first === undefined ? [] : deviceOf(first);
  return abbreviated(first, (step) => open.includes(step));
}

/** A place without the steps that are still to be chosen: `NAME['key']`. */
function abbreviated(
  path: PathLiteral | undefined,
  isOpen: (step: PlaceStep, at: number) => boolean,
): string {
  return path === undefined
    ? ''
    : formatPlace({ ...path.place, steps: path.steps.filter((step, at) => !isOpen(step, at)) });
}

function candidateOf(made: {
  paths: readonly PathLiteral[];
  search: TableSearch;
  source: string;
  obstacle: string | null;
  remedy?: string;
}): Candidate {
  const { paths, search, source, obstacle, remedy } = made;
  const [first] = paths;
  const doubtful = paths.find(({ literal }) => literal.obstacle !== null);
  const repeated = new Set(paths.map(({ literal }) => literal.place)).size < paths.length;
  return {
    name: search.name,
    key: keyOf(first) ?? first?.literal.label ?? null,
    metric: first?.metric ?? '',
    source,
    literals: paths.map(({ literal: { line, column, text } }) => ({ line, column, text })),
    doubt:
      search.doubt ??
      (doubtful === undefined ? null : `cannot be read for certain: ${doubtful.literal.obstacle}`) ??
      (repeated ? 'has its key twice' : null),
    obstacle,
    ...(remedy === undefined ? {} : { remedy }),
    ...(paths.length === 1 && first?.literal.value === null ? { isPending: true as const } : {}),
    ...(paths.length === 1 && typeof first?.literal.variable === 'string'
      ? { variable: first.literal.variable }
      : {}),
  };
}

function keyOf(path: PathLiteral | undefined): string | null {
  const step = path?.steps[path.metricAt];
  return step?.kind === 'key' && step.key.kind === 'string' ? step.key.value : null;
}

const shownPlaces = 6;

function severalFinding(paths: readonly PathLiteral[], { file, settings, name, tree }: TableSearch): Finding {
  const places = paths.slice(0, shownPlaces).map(({ literal }) => `${literal.place} = ${literal.text}`);
  const more = paths.length > shownPlaces ? ', …' : '';
  return findingAt(tree, {
    kind: 'not-usable',
    severity: 'warning',
    file,
    message: `${name} has ${paths.length} literals for ${paths[0]?.metric ?? '?'} (${places.join(', ')}${more}): not calibrated`,
    remedy: `name one under ${settings}.places, such as ${paths[0]?.metric}: "${paths[0]?.literal.place}"`,
  });
}
