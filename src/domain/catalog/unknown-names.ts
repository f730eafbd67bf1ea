import { builtInMetrics } from '../metrics/built-in-metrics.ts';
import { metricRegistry } from '../metrics/metric-names.ts';
import type { CatalogNotice } from './catalog-document.ts';
import type { MetricSource } from './metric-source.ts';
import type { MetricDefinition } from './metric-definition.ts';
import { nearestName } from './names.ts';

interface NamedConfig {
  metric_sources: Readonly<Record<string, MetricSource>>;
  metrics: Readonly<Record<string, MetricDefinition>>;
}

type Reading = Pick<MetricSource, 'paths' | 'places' | 'sample_counts_by_group' | 'expected_samples'>;

/**
 * Metric and group names in a config that nothing goes by: a slip in one of them would leave the right one without a
 * path, or its scope unchecked, without an error anywhere.
 */
export function unknownNames(config: NamedConfig): CatalogNotice[] {
  const registry = metricRegistry(config);
  const names = { metrics: [...registry.keys()], groups: [...registry.values()].map(({ group }) => group) };
  const readings: { path: string[]; reading: Reading }[] = Object.entries(config.metric_sources).flatMap(
    ([test, source]) => [
      { path: ['metric_sources', test], reading: source },
      ...Object.entries(source.variants ?? {}).map(([variant, reading]) => ({
        path: ['metric_sources', test, 'variants', variant],
        reading,
      })),
    ],
  );
  return [...readings.flatMap((one) => unknownInReading(one, names)), ...unreachableMetrics(config)];
}

function unknownInReading(
  { path, reading }: { path: string[]; reading: Reading },
  names: { metrics: string[]; groups: string[] },
): CatalogNotice[] {
  const { paths, places, sample_counts_by_group: counts, expected_samples: samples } = reading;
  const unknown = (kind: 'metric' | 'group', key: string, found: object | undefined) => {
    const known = kind === 'metric' ? names.metrics : names.groups;
    return Object.keys(found ?? {})
      .filter((name) => !known.includes(name))
      .map((name) => ({ path: [...path, key, name], message: describeUnknown(kind, name, known) }));
  };
  return [
    ...unknown('metric', 'paths', paths),
    ...unknown('metric', 'places', places),
    ...unknown('group', 'sample_counts_by_group', counts),
    ...unknown('group', 'expected_samples', typeof samples === 'object' ? samples : undefined),
  ];
}

function describeUnknown(kind: 'metric' | 'group', name: string, known: readonly string[]): string {
  const near = nearestName(name, known);
  const hint = near === null ? `known: ${[...new Set(known)].join(', ')}` : `did you mean ${near}?`;
  return `no such ${kind}, ignored; ${hint}`;
}

function unreachableMetrics(config: NamedConfig): CatalogNotice[] {
  const placed = Object.values(config.metric_sources).flatMap((source) =>
    [source, ...Object.values(source.variants ?? {})].flatMap(({ places }) => Object.keys(places ?? {})),
  );
  const builtIn = new Set([...builtInMetrics.map(({ key }) => key), ...placed]);
  return Object.entries(config.metrics)
    .filter(([key, { match, nested }]) => match.length === 0 && nested !== true && !builtIn.has(key))
    .map(([key]) => ({
      path: ['metrics', key],
      message: 'never found: it has neither a match for constants nor nested: true for speed dicts',
    }));
}
