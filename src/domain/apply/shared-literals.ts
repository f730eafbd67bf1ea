import type { ModelConfig } from '../catalog/model-config.ts';
import { constantFilter } from '../catalog/python-pattern.ts';
import { listedConstants } from '../discovery/candidates/listed-constants.ts';
import { testFileName } from '../discovery/source.ts';
import { sampleScopePresets } from '../metrics/metric-names.ts';
import { type StageDefinition, thresholdFileOf } from '../stages/stage.ts';
import type { ApplyChoice } from './apply-plan-document.ts';
import { directionOf, parseThresholdSource, thresholdId } from './thresholds.ts';

/**
 * Metrics that share one literal and do not agree on it, one line each. A metric whose literal is kept, or
 * equals what it would write, wants the current value: changing it for another metric would make its gate reject what
 * was observed, or go against the operator.
 */
export function literalConflicts(choices: readonly ApplyChoice[]): string[] {
  const byPlace = new Map<string, ApplyChoice[]>();
  for (const choice of choices) {
    const { location } = choice.metric;
    if (location !== null && choice.action !== 'unknown') {
      const place = `${location.file}:${location.line}:${location.column}`;
      byPlace.set(place, [...(byPlace.get(place) ?? []), choice]);
    }
  }
  return [...byPlace].flatMap(([place, sharing]) => {
    const [first, ...others] = sharing;
    if (first === undefined || others.every((other) => agree(first, other))) {
      return [];
    }
    const wishes = sharing.map((choice) => `${choice.id} wants ${wantedText(choice)}`);
    return [
      `${place} is the literal of several metrics: ${wishes.join(', ')}; decide the same number for all`,
    ];
  });
}

/** Of two that are written the texts count: one literal has one spelling. */
function agree(left: ApplyChoice, right: ApplyChoice): boolean {
  if (left.action === 'write' && right.action === 'write') {
    return left.text === right.text;
  }
  const { worst_op: worst } = left.metric;
  return directionOf({ current: wantedValue(left), next: wantedValue(right), worst }) === 'equal';
}

function wantedValue(choice: ApplyChoice): number | null {
  return choice.action === 'write' ? choice.value : choice.metric.current_raw;
}

function wantedText(choice: ApplyChoice): string {
  return choice.action === 'write' ? choice.text : `${choice.metric.current_text ?? '?'} (as it is)`;
}

/**
 * Why calib must not write the symbol of a stage's metric, or null: a stage of a preset or
 * variant writes only symbols that its own `constant_filter` accepts, in the config as it stands; constants that the
 * config ignores or fixes, and those that define the sample scope, are never written.
 *
 * @param question `source` as in `stages.yaml`
 */
export function symbolObstacle(question: {
  stage: Pick<StageDefinition, 'test' | 'variant' | 'calibration_preset'>;
  source: string;
  config: ModelConfig;
}): string | null {
  const { stage, source, config } = question;
  const { symbol } = parseThresholdSource(source);
  const listed = (constants: readonly string[] | undefined) => listedConstants(constants).hasSource(source);
  const settings = config.metric_sources[testFileName(stage.test)];
  if (sampleScopePresets.includes(symbol)) {
    return `${symbol} defines the sample scope`;
  }
  if (listed(settings?.ignored_constants)) {
    return `${symbol} is in the config's ignored_constants`;
  }
  if (listed(settings?.fixed_constants)) {
    return `${symbol} is in the config's fixed_constants`;
  }
  return (
    filterObstacle({
      kind: 'preset',
      name: stage.calibration_preset,
      symbol,
      of: settings?.calibration_presets,
    }) ??
    // A variant's own places are named by its config, whatever its filter says about names.
    (isOwnPlace(settings?.variants?.[stage.variant ?? '']?.places, symbol)
      ? null
      : filterObstacle({ kind: 'variant', name: stage.variant, symbol, of: settings?.variants }))
  );
}

function isOwnPlace(places: Readonly<Record<string, string>> | undefined, symbol: string): boolean {
  return Object.values(places ?? {}).some((place) => parseThresholdSource(place).symbol === symbol);
}

function filterObstacle(filter: {
  kind: 'preset' | 'variant';
  name: string | undefined;
  symbol: string;
  of: Record<string, { constant_filter?: string | undefined }> | undefined;
}): string | null {
  const { kind, name, symbol, of } = filter;
  if (name === undefined) {
    return null;
  }
  const settings = of?.[name];
  if (settings === undefined) {
    return `the config knows no ${kind} ${name} any more`;
  }
  return constantFilter(settings.constant_filter)(symbol)
    ? null
    : `${symbol} does not belong to ${kind} ${name} (constant_filter ${settings.constant_filter ?? '.*'})`;
}

/**
 * Warns of literals that are also thresholds of stages which the session does not observe, such as another variant of
 * the same test: writing one moves that stage's gate as well, by numbers that say nothing about it.
 */
export function literalsSharedOutsideSession(question: {
  /** What is to be written; `source` as in `stages.yaml`. */
  writes: readonly { stageKey: string; metricKey: string; source: string }[];
  /** Keys of the session's stages. */
  planned: readonly string[];
  /** Every stage of the model. */
  known: readonly StageDefinition[];
}): string[] {
  const { writes, planned, known } = question;
  const others = known.filter(({ key }) => !planned.includes(key));
  return writes.flatMap(({ stageKey, metricKey, source }) => {
    const stage = known.find(({ key }) => key === stageKey);
    const sharing = others.filter(
      (other) =>
        stage !== undefined &&
        thresholdFileOf(other) === thresholdFileOf(stage) &&
        Object.values(other.metrics).some((metric) => metric.source === source),
    );
    return sharing.map(
      ({ key }) =>
        `${thresholdId(stageKey, metricKey)}: ${source} is a threshold of stage ${key} too, which this session did not observe`,
    );
  });
}
