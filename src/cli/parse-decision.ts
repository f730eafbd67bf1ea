import { InvalidArgumentError } from 'commander';

/** Collects `STAGE.METRIC=keep|apply|NUMBER`. @throws InvalidArgumentError for anything else, or a metric named twice */
export function parseDecision(text: string, before: Record<string, string>): Record<string, string> {
  const match = /^([^=\s]+\.[^=\s.]+)=(.+)$/.exec(text);
  const [, metric, answer] = match ?? [];
  if (metric === undefined || answer === undefined) {
    throw new InvalidArgumentError('decisions are written STAGE.METRIC=keep, =apply or =NUMBER.');
  }
  if (answer !== 'keep' && answer !== 'apply' && !(Number.isFinite(Number(answer)) && answer.trim() !== '')) {
    throw new InvalidArgumentError(`${metric}: ${answer} is neither keep, apply nor a finite number.`);
  }
  if (before[metric] !== undefined) throw new InvalidArgumentError(`${metric} is decided twice.`);
  return { ...before, [metric]: answer };
}
