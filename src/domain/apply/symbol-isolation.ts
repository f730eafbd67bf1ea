import type { ModelConfig } from '../catalog/model-config.ts';
import { constantFilter } from '../catalog/python-pattern.ts';
import { testFileName } from '../discovery/stage-base.ts';
import { sampleScopePresets } from '../metrics/name-rules.ts';
import type { StageDefinition } from '../stages/stage.ts';
import { parseThresholdSource } from './threshold-source.ts';

/**
 * Why calib must not write the symbol of a stage's metric, or null (spec 06 §11 rules 3 and 4): a stage of a preset or
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
  const settings = config.metric_sources[testFileName(stage.test)];
  if (sampleScopePresets.includes(symbol)) {
    return `${symbol} defines the sample scope`;
  }
  if (settings?.ignored_constants?.includes(symbol) === true) {
    return `${symbol} is in the config's ignored_constants`;
  }
  if (settings?.fixed_constants?.includes(symbol) === true) {
    return `${symbol} is in the config's fixed_constants`;
  }
  return (
    filterObstacle({
      kind: 'preset',
      name: stage.calibration_preset,
      symbol,
      of: settings?.calibration_presets,
    }) ?? filterObstacle({ kind: 'variant', name: stage.variant, symbol, of: settings?.variants })
  );
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
