import { type StageDefinition, thresholdFileOf } from '../stages/stage.ts';
import { thresholdId } from './located-threshold.ts';

/**
 * Warns of literals that are also thresholds of stages which the session does not observe, such as another variant of the
 * same test: writing one moves that stage's gate as well, by numbers that say nothing about it.
 */
export function unobservedSharers(question: {
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
