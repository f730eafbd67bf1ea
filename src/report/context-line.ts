import type { CellFile } from '../domain/audit/strict.ts';
import type { ContextBinding, ContextKeyword } from '../domain/discovery/source-facts.ts';
import { passedNumbers } from '../domain/report/passed-number.ts';
import type { PrecheckFacts } from '../domain/report/facts.ts';
import { isDocsStage, type StageDefinition } from '../domain/stages/stage.ts';

export interface ContextLineFacts {
  stage: StageDefinition;
  /** The stage's cells, for the observed number of samples. */
  files: readonly CellFile[];
  /** The test file's bindings at the session commit; null when it could not be read. */
  bindings: readonly ContextBinding[] | null;
  precheck: PrecheckFacts | null;
  /** GPUs of one invocation; null when the plan does not say (v0.6.0). */
  gpus: number | null;
  /** What the plan adds to pytest's command line. */
  pytestArgs?: readonly string[];
  /** Key of the table that the stage's thresholds stand under. */
  tableKey?: number | null;
  cpuModel?: string | null;
  repeats: number;
}

/**
 * The line under a stage's title that says under which conditions it was measured. What is not known is
 * `?`; nothing is guessed or taken from another stage. A suite that uses no GPU has the CPU in the GPU's place. Where the
 * test binds no number to a condition, it is looked for in what the plan passes to pytest, and the concurrency in the table
 * of thresholds, whose key it is.
 */
export function contextLine(facts: ContextLineFacts): string {
  const machine = facts.gpus === 0 ? cpuText(facts.cpuModel) : (facts.precheck?.gpu_summary ?? '?');
  const conditions = isDocsStage(facts.stage)
    ? ['docs smoke']
    : [
        sampleCount(facts),
        `max_tokens=${condition(facts, tokens)}`,
        `concurrency=${condition(facts, concurrency)}`,
      ];
  return `— ${[machine, ...conditions, `${facts.repeats} runs`].join(', ')}`;
}

/** `CPU` with its model, for a suite that uses no GPU. */
export function cpuText(model: string | null | undefined): string {
  return model ? `CPU (${model})` : 'CPU';
}

/** How a condition may be said: the keywords that a test binds, and the options that it may read instead. */
interface Condition {
  keywords: readonly ContextKeyword[];
  options: readonly string[];
  /** True where the key of the table of thresholds is this condition. */
  isTableKey?: true;
}

const tokens: Condition = {
  keywords: ['max_tokens', 'max_new_tokens'],
  options: ['max-tokens', 'max-new-tokens'],
};
const concurrency: Condition = {
  keywords: ['max_concurrency'],
  options: ['concurrency', 'max-concurrency'],
  isTableKey: true,
};
const samples: Condition = { keywords: ['max_samples'], options: ['max-samples'] };

/** Every value that is said, `8/16`; `?` where none is. */
function condition(facts: ContextLineFacts, wanted: Condition): string {
  const values = saidValues(facts, wanted);
  return values.length === 0 ? '?' : values.join('/');
}

/** What the test binds; a number that it does not have itself may be one that is passed, or the table's key. */
function saidValues(facts: ContextLineFacts, wanted: Condition): string[] {
  const bound = distinctLiterals(facts.bindings, wanted.keywords);
  const passed = passedNumbers(facts.pytestArgs ?? [], wanted.options);
  const known = bound.filter((value) => value !== '?');
  if (known.length > 0) return [...new Set([...bound, ...passed])];
  if (passed.length > 0) return passed;
  if (wanted.isTableKey === true && typeof facts.tableKey === 'number') return [`${facts.tableKey}`];
  return bound;
}

/** Configured scope, else the number that the test or the plan says, else what the runs recorded, marked as such. */
function sampleCount(facts: ContextLineFacts): string {
  const { stage, files } = facts;
  if (stage.expected_samples !== undefined) {
    return `${stage.expected_samples} samples`;
  }
  const literals = saidValues(facts, samples);
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

function distinctLiterals(
  bindings: readonly ContextBinding[] | null,
  keywords: readonly ContextKeyword[],
): string[] {
  const bound = (bindings ?? []).filter((binding) => keywords.includes(binding.keyword));
  return [...new Set(bound.map((binding) => binding.literal?.replaceAll('_', '') ?? '?'))];
}
