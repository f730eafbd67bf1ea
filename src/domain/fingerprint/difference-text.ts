import type { EnvironmentComparison, FieldDifference } from './compare-environments.ts';

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
