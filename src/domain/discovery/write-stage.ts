import type { ModelConfig } from '../catalog/model-config.ts';
import type { MetricSource, Variant } from '../catalog/metric-source.ts';
import type { MetricKind } from '../metrics/metric-kind.ts';
import type { StageDefinition, StageMetric } from '../stages/stage.ts';
import { chooseClaimant } from './candidates/choose-claimant.ts';
import { isComplete, resolveEntry, resolveSampleCounts, testFileName } from './source.ts';
import { contextVariables, sampleScope } from './sample-scope.ts';
import type { SourceFacts } from './source-facts.ts';
import type { StageGroup } from './stage-groups.ts';

/** A Python file as it was read: repository-relative POSIX path, hash of its bytes (hex), facts of its text. */
export interface ReadSource {
  path: string;
  sha256: string;
  facts: SourceFacts;
}

export interface StageContext {
  config: ModelConfig;
  registry: ReadonlyMap<string, MetricKind>;
  base: string;
  test: ReadSource;
  /** The file that holds the literals, when the config names one; only its path and hash are recorded. */
  thresholds: Pick<ReadSource, 'path' | 'sha256'> | null;
  /** The effective source: config laid over what convention infers. */
  source: MetricSource;
  /** `YYYY-MM-DDTHH:MM:SSZ`. */
  discoveredAt: string;
}

/** Writes out one stage. */
export function writeStage(context: StageContext, stageGroup: StageGroup): StageDefinition {
  const { base, test, thresholds, source } = context;
  const { group, variant, preset } = stageGroup;
  const reading = variant?.settings ?? source;
  const scope = sampleScope({ facts: test.facts, source, variant, group });
  const gpus = preset?.settings.gpus;
  const models = preset?.settings.hf_model_ids ?? [];
  const isNamed = variant !== null && variant.settings.omit_variant_suffix !== true;
  const parts = [
    variant?.settings.stage_base_override ?? base,
    preset?.name,
    isNamed ? variant.name : undefined,
  ];
  return {
    key: [...parts, group].filter((part) => part !== undefined).join('_'),
    test: test.path,
    title: stageTitle(parts, group),
    group,
    extra_env: extraEnvironment(context, preset),
    context_vars: variant?.settings.context_vars ?? contextVariables(test.facts),
    ...(isNamed ? { variant: variant.name } : {}),
    ...(preset === null ? {} : { calibration_preset: preset.name }),
    // A stated 0 is kept: such a preset runs without the GPU gate.
    ...(gpus === undefined ? {} : { gpus }),
    ...(models.length === 0 ? {} : { hf_model_ids: models }),
    test_file_sha256: test.sha256,
    last_discovered_at: context.discoveredAt,
    ...(scope.kind === 'known' ? { expected_samples: scope.samples } : {}),
    ...(thresholds === null
      ? {}
      : { threshold_file: thresholds.path, threshold_file_sha256: thresholds.sha256 }),
    sample_counts: resolveSampleCounts({ ...reading, group }),
    ...statedBooleans(source, reading),
    metrics: stageMetrics({ context, stageGroup, reading, isScopeDoubtful: scope.kind === 'ambiguous' }),
  };
}

/** A variant's own, else the file's; both in the variant's result file unless they name another. */
function statedBooleans(
  source: MetricSource,
  reading: MetricSource | Variant,
): Pick<StageDefinition, 'observation_validity' | 'allowed_pytest_failure'> {
  const resolved = (key: 'observation_validity' | 'allowed_pytest_failure') => {
    const entry = reading[key] ?? source[key];
    return entry === undefined ? {} : { [key]: resolveEntry(entry, reading.json_file) };
  };
  return { ...resolved('observation_validity'), ...resolved('allowed_pytest_failure') };
}

/** The one stage of a docs test: no metrics, pass or fail only. */
export function writeDocsStage(
  context: Omit<StageContext, 'source' | 'registry' | 'thresholds'>,
): StageDefinition {
  const { base, test, config, discoveredAt } = context;
  return {
    key: base,
    test: test.path,
    title: 'Docs smoke',
    group: 'docs',
    extra_env: { ...config.extra_env[testFileName(test.path)] },
    context_vars: contextVariables(test.facts),
    test_file_sha256: test.sha256,
    last_discovered_at: discoveredAt,
    metrics: {},
  };
}

function extraEnvironment(context: StageContext, preset: StageGroup['preset']): Record<string, string> {
  return { ...context.config.extra_env[testFileName(context.test.path)], ...preset?.settings.extra_env };
}

/** `TTS MOSS NONSTREAM Speed`. */
function stageTitle(parts: readonly (string | undefined)[], group: string): string {
  const [base = '', ...others] = parts;
  const words = [base.replaceAll('_', ' '), ...others.filter((part) => part !== undefined)];
  const groupWord = `${group.charAt(0).toUpperCase()}${group.slice(1).toLowerCase()}`;
  return [...words.map((word) => word.toUpperCase()), groupWord].join(' ');
}

/**
 * Of several equal claimants the last gives the source, and the metric is marked `AMBIGUOUS`. So are all metrics of a stage
 * with an ambiguous sample scope: that is what keeps it from being started.
 */
function stageMetrics(question: {
  context: StageContext;
  stageGroup: StageGroup;
  reading: Pick<MetricSource, 'json_file' | 'paths'>;
  isScopeDoubtful: boolean;
}): Record<string, StageMetric> {
  const { context, stageGroup, reading, isScopeDoubtful } = question;
  const metrics: Record<string, StageMetric> = {};
  for (const [metric, claimants] of stageGroup.claims) {
    const kind = context.registry.get(metric);
    const claim = chooseClaimant(claimants);
    if (kind === undefined || claim === null) {
      continue;
    }
    const { chosen, tied } = claim;
    const place = resolveEntry(reading.paths?.[metric], reading.json_file);
    const isDoubtful = isScopeDoubtful || tied.length > 0 || chosen.doubt !== null;
    const { label, scale, digits } = kind;
    metrics[metric] = {
      source: chosen.source,
      ...(chosen.isPending === true ? { pending: true } : {}),
      ...place,
      worst: kind.worst,
      display: { label, scale, digits },
      status: isDoubtful
        ? 'AMBIGUOUS'
        : chosen.obstacle !== null
          ? 'BLOCKED'
          : isComplete(place)
            ? 'OK'
            : 'NEEDS_CONFIG',
    };
  }
  return metrics;
}
