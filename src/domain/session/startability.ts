import { statedSources } from '../observation/stated-validity.ts';
import { type StageDefinition, isDocsStage } from '../stages/stage.ts';

/**
 * Why stages could never become strict ✓: unconfigured or doubly claimed metrics, unconfigured counts.
 * One line each; empty when the session may start.
 */
export function startabilityProblems(stages: readonly StageDefinition[]): string[] {
  return stages.flatMap((stage) => [
    ...metricProblems(stage),
    ...countProblems(stage),
    ...statedProblems(stage),
  ]);
}

function metricProblems(stage: StageDefinition): string[] {
  return Object.entries(stage.metrics).flatMap(([key, metric]) => {
    if (metric.status !== 'OK') return [`${stage.key}.${key}: ${metric.status} (${metric.source})`];
    return metric.json_file && metric.json_path ? [] : [`${stage.key}.${key}: no json_file/json_path`];
  });
}

/** A boolean that nobody can read would make every repeat of the stage invalid. */
function statedProblems(stage: StageDefinition): string[] {
  return statedSources(stage).flatMap(({ key, source }) =>
    source.json_file && source.json_path ? [] : [`${stage.key}: ${key} names no result file`],
  );
}

function countProblems(stage: StageDefinition): string[] {
  if (isDocsStage(stage)) return [];
  return (['total', 'ok'] as const).flatMap((count) => {
    const source = stage.sample_counts?.[count];
    return source?.json_file && source.json_path
      ? []
      : [`${stage.key}: sample count ${count} is not configured`];
  });
}
