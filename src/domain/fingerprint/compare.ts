import {
  type EnvironmentFacts,
  type FingerprintClass,
  type FingerprintField,
  type FingerprintFieldName,
  fingerprintFields,
} from './environment.ts';

export interface FieldDifference {
  field: FingerprintFieldName;
  class: FingerprintClass;
  /** Variable, package or GPU index; null for a field with one value. */
  key: string | null;
  /** Null: not there (a package not installed, a variable not set). */
  a: string | null;
  b: string | null;
}

export interface EnvironmentComparison {
  /** No identity field differs, as far as both are known. */
  equal: boolean;
  /** Identity fields that both know: without one, `equal` says nothing. */
  compared: FingerprintFieldName[];
  /** Identity first, in the order of the table. */
  differences: FieldDifference[];
  /** Fields that only one of the two knows, and which. */
  unknown: { field: FingerprintFieldName; class: FingerprintClass; known_in: 'a' | 'b' }[];
}

/** Field by field; what one of the two does not know is no difference. */
export function compareEnvironments(a: EnvironmentFacts, b: EnvironmentFacts): EnvironmentComparison {
  const differences = fingerprintFields.flatMap((field) => fieldDifferences(field, a, b));
  const unknown = fingerprintFields.flatMap(({ name, class: className }) =>
    (a[name] === null) === (b[name] === null)
      ? []
      : [{ field: name, class: className, known_in: a[name] === null ? ('b' as const) : ('a' as const) }],
  );
  const compared = fingerprintFields.flatMap(({ name, class: className }) =>
    className === 'identity' && a[name] !== null && b[name] !== null ? [name] : [],
  );
  const equal = differences.every((difference) => difference.class === 'context');
  return { equal, compared, differences, unknown };
}

function fieldDifferences(
  { name, class: className }: FingerprintField,
  before: EnvironmentFacts,
  after: EnvironmentFacts,
): FieldDifference[] {
  const [left, right] = [entriesOf(before[name]), entriesOf(after[name])];
  if (left === null || right === null) return [];
  const keys = [...new Set([...left.keys(), ...right.keys()])].sort();
  return keys.flatMap((key) => {
    const [a, b] = [left.get(key), right.get(key)];
    if (agree(name, a, b)) return [];
    return [{ field: name, class: className, key: key === '' ? null : key, a: a ?? null, b: b ?? null }];
  });
}

/** A field's values as texts by key, `''` for the only one; null when the field is not known. */
function entriesOf(value: EnvironmentFacts[FingerprintFieldName]): Map<string, string | null> | null {
  if (value === null) return null;
  if (typeof value !== 'object') return new Map([['', String(value)]]);
  if (!Array.isArray(value)) return new Map(Object.entries(value));
  const gpus: [string, string][] = [];
  const texts: string[] = [];
  for (const item of value) {
    if (typeof item !== 'object') texts.push(String(item));
    else gpus.push([`${item.index}`, `${item.name} ${item.memory_mib} MiB ${item.uuid}`]);
  }
  // An empty list does not say what it lists; as one text it differs from every other.
  return new Map(gpus.length > 0 ? gpus : [['', texts.join(', ')]]);
}

/** Packages and hub repositories are those that somebody asked for: one that one side did not look at is not known there. */
function agree(
  field: FingerprintFieldName,
  a: string | null | undefined,
  b: string | null | undefined,
): boolean {
  if (field !== 'packages' && field !== 'revisions') return (a ?? null) === (b ?? null);
  if (a === undefined || b === undefined) return true;
  return field === 'packages' ? mayBeSameVersion(a, b) : a === b;
}

/**
 * Metadata often lacks the local suffix that the package
 * itself tells (`2.11.0` for `2.11.0+cu130`); where both lists are complete, the hash over all distributions decides.
 */
function mayBeSameVersion(a: string | null, b: string | null): boolean {
  if (a === b) return true;
  if (a === null || b === null) return false;
  return a.includes('+') !== b.includes('+') && a.split('+')[0] === b.split('+')[0];
}

/** Packages named after the hash that says that some differ; the rest is counted. */
const namedPackages = 8;

/** `driver: 550.54 → 590.10`, `variables.HF_HUB_OFFLINE: not set → 1`. */
export function differenceText({ field, key, a, b }: FieldDifference): string {
  const name = key === null ? field : `${field}.${key}`;
  const absent =
    field === 'packages' || field === 'distributions'
      ? 'not installed'
      : field === 'gpus'
        ? 'not there'
        : 'not set';
  const shown = (value: string | null): string =>
    value === null ? absent : value.replaceAll(/\s+/g, ' ').trim() || 'empty';
  return `${name}: ${shown(a)} → ${shown(b)}`;
}

/** What keeps two environments from being one: a line for each identity field, the hash of packages told by name. */
export function identityDifferenceLines({ differences }: EnvironmentComparison): string[] {
  const identity = differences.filter((difference) => difference.class === 'identity');
  return identity.map((difference) =>
    difference.field === 'distributions_sha256'
      ? packagesText(difference, differences)
      : differenceText(difference),
  );
}

function packagesText(hash: FieldDifference, differences: readonly FieldDifference[]): string {
  const packages = differences.filter(({ field }) => field === 'distributions');
  if (packages.length === 0) return differenceText(hash);
  const named = packages
    .slice(0, namedPackages)
    .map((difference) => differenceText(difference).replace(/^distributions\./, ''));
  const more = packages.length - named.length;
  return `installed distributions: ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
