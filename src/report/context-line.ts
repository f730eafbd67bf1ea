import type { CellFile } from '../domain/audit/strict.ts';
import type { ContextBinding, ContextKeyword } from '../domain/discovery/source-facts.ts';
import type { PrecheckFacts } from '../domain/report/facts.ts';
import { isDocsStage } from '../domain/stages/stage.ts';
import type { StageDefinition } from '../domain/stages/stage.ts';

export interface ContextLineFacts {
  stage: StageDefinition;
  /** The stage's cells, for the observed number of samples. */
  files: readonly CellFile[];
  /** The test file's bindings at the session commit; null when it could not be read. */
  bindings: readonly ContextBinding[] | null;
  precheck: PrecheckFacts | null;
  /** GPUs of one invocation; null when the plan does not say (v0.6.0). */
  gpus: number | null;
  repeats: number;
}

/**
 * The line under a stage's title that says under which conditions it was measured. What is not known is
 * `?`; nothing is guessed or taken from another stage. A suite that uses no GPU says `CPU` in the GPU's place.
 */
export function contextLine(facts: ContextLineFacts): string {
  const machine = facts.gpus === 0 ? 'CPU' : (facts.precheck?.gpu_summary ?? '?');
  const conditions = isDocsStage(facts.stage)
    ? ['docs smoke']
    : [
        sampleCount(facts),
        `max_tokens=${boundValue(facts.bindings, ['max_tokens', 'max_new_tokens'])}`,
        `concurrency=${boundValue(facts.bindings, ['max_concurrency'])}`,
      ];
  return `— ${[machine, ...conditions, `${facts.repeats} runs`].join(', ')}`;
}

/** Configured scope, else the literal of the test, else what the runs recorded, marked as such. */
function sampleCount({ stage, bindings, files }: ContextLineFacts): string {
  if (stage.expected_samples !== undefined) {
    return `${stage.expected_samples} samples`;
  }
  const literals = distinctLiterals(bindings, ['max_samples']);
  const [only] = literals;
  const observed = observedTotals(files);
  if (literals.length === 1 && only !== undefined && only !== '?') {
    return observed === null || observed === only
      ? `${only} samples`
      : `${only} samples (observed ${observed})`;
  }
  return observed === null ? '? samples' : `${observed} samples (observed)`;
}

/** Recorded totals as `50` or `48–50`; null when none was recorded. */
export function observedTotals(files: readonly CellFile[]): string | null {
  const totals = files.flatMap((file) =>
    file.kind === 'recorded' && file.observation.sample_counts.total !== null
      ? [file.observation.sample_counts.total]
      : [],
  );
  if (totals.length === 0) {
    return null;
  }
  const [least, most] = [Math.min(...totals), Math.max(...totals)];
  return least === most ? `${least}` : `${least}–${most}`;
}

function boundValue(bindings: readonly ContextBinding[] | null, keywords: ContextKeyword[]): string {
  const literals = distinctLiterals(bindings, keywords);
  return literals.length === 0 ? '?' : literals.join('/');
}

function distinctLiterals(bindings: readonly ContextBinding[] | null, keywords: ContextKeyword[]): string[] {
  const bound = (bindings ?? []).filter((binding) => keywords.includes(binding.keyword));
  return [...new Set(bound.map((binding) => binding.literal?.replaceAll('_', '') ?? '?'))];
}
