import type { CalibrationPreset, MetricSource, Variant } from '../catalog/metric-source.ts';
import { constantFilter } from '../catalog/python-pattern.ts';
import type { MetricKind } from '../metrics/metric-kind.ts';
import type { Candidate } from './candidates/candidate.ts';

/** What one stage is made of, before it is written out: a metric group of one variant and preset. */
export interface StageGroup {
  group: string;
  variant: { name: string; settings: Variant } | null;
  preset: { name: string; settings: CalibrationPreset } | null;
  /** Metric key → every candidate that claims it, source order; more than one is a collision. */
  claims: Map<string, Candidate[]>;
}

export interface GroupedCandidates {
  groups: StageGroup[];
  /** Thresholds that no variant or preset takes. */
  unclaimed: Candidate[];
  /** Thresholds that several presets would take. */
  overlapping: { candidate: Candidate; presets: string[] }[];
}

/**
 * Splits a file's thresholds by variant, preset and metric group, in emission order. The filters of both
 * variants and presets apply, also for a file without variants: a preset never sees another preset's symbols.
 */
export function groupCandidates(question: {
  candidates: readonly Candidate[];
  source: MetricSource;
  registry: ReadonlyMap<string, MetricKind>;
}): GroupedCandidates {
  const { candidates, source, registry } = question;
  const variants = named(source.variants);
  const presets = named(source.calibration_presets);
  const takers = new Map(candidates.map((candidate) => [candidate, new Set<string>()]));
  const taken = new Set<Candidate>();
  const groups: StageGroup[] = [];
  for (const variant of variants) {
    const inVariant = forVariant(candidates, variant);
    const byPreset: { preset: StageGroup['preset']; buckets: Buckets }[] = [];
    for (const preset of presets) {
      const mine = accepted(inVariant, preset?.settings.constant_filter);
      for (const candidate of mine) {
        taken.add(candidate);
        if (preset !== null) {
          takers.get(candidate)?.add(preset.name);
        }
      }
      byPreset.push({ preset, buckets: bucketsOf(mine, registry) });
    }
    const groupOrder = source.variants === undefined ? [...bucketsOf(inVariant, registry).keys()] : null;
    groups.push(...emissionOrder({ variant, byPreset, groupOrder }));
  }
  return {
    groups,
    unclaimed: candidates.filter((candidate) => !taken.has(candidate)),
    overlapping: [...takers]
      .filter(([, names]) => names.size > 1)
      .map(([candidate, names]) => ({ candidate, presets: [...names] })),
  };
}

type Buckets = Map<string, Map<string, Candidate[]>>;

function named<Settings>(
  map: Record<string, Settings> | undefined,
): ({ name: string; settings: Settings } | null)[] {
  const entries = Object.entries(map ?? {}).map(([name, settings]) => ({ name, settings }));
  return entries.length === 0 ? [null] : entries;
}

/** What a variant's filter accepts; of a metric whose place the variant's own config names, that literal alone. */
function forVariant(candidates: readonly Candidate[], variant: StageGroup['variant']): Candidate[] {
  const own = candidates.filter(
    (candidate) => candidate.variant !== undefined && candidate.variant === variant?.name,
  );
  const claimed = new Set(own.map(({ metric }) => metric));
  const others = accepted(candidates, variant?.settings.constant_filter).filter(
    (candidate) => candidate.variant === undefined && !claimed.has(candidate.metric),
  );
  return own.length === 0 ? others : [...others, ...own];
}

function accepted(candidates: readonly Candidate[], filter: string | undefined): Candidate[] {
  const accepts = constantFilter(filter);
  return candidates.filter((candidate) => accepts(candidate.name));
}

/** Group → metric → claimants; both in the order in which they are first met. */
function bucketsOf(candidates: readonly Candidate[], registry: ReadonlyMap<string, MetricKind>): Buckets {
  const buckets: Buckets = new Map();
  for (const candidate of candidates) {
    const kind = registry.get(candidate.metric);
    if (kind !== undefined) {
      const bucket = buckets.get(kind.group) ?? new Map<string, Candidate[]>();
      const claimants = bucket.get(candidate.metric);
      // Not a new list for each: a generated file may have tens of thousands of claimants.
      if (claimants === undefined) bucket.set(candidate.metric, [candidate]);
      else claimants.push(candidate);
      buckets.set(kind.group, bucket);
    }
  }
  return buckets;
}

/**
 * With variants: preset by preset, groups inside. Without: group by group, presets inside.
 *
 * `groupOrder` is the order in which the file's groups are met, whatever preset they belong to; null with variants.
 */
function emissionOrder(emission: {
  variant: StageGroup['variant'];
  byPreset: { preset: StageGroup['preset']; buckets: Buckets }[];
  groupOrder: string[] | null;
}): StageGroup[] {
  const { variant, byPreset, groupOrder } = emission;
  const stages = byPreset.flatMap(({ preset, buckets }) =>
    [...buckets].map(([group, claims]) => ({ group, variant, preset, claims })),
  );
  return groupOrder === null
    ? stages
    : groupOrder.flatMap((group) => stages.filter((stage) => stage.group === group));
}
