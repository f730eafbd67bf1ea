import { describePartial, describeScopeMismatch } from '../audit/classify-strict.ts';
import type { HaltCause } from '../session/repeat-outcome.ts';
import { isDocsStage } from '../stages/stage.ts';
import type { StageDefinition } from '../stages/stage.ts';
import { type ExtractionProblem, type StageExtraction, countKey } from './extraction.ts';

/** A HALT's cause without the repeat it happened in, which the caller knows. */
export type JudgedHalt = Omit<HaltCause, 'namespace' | 'repeat'>;

/** What a stage's numbers say after pytest ended with exit code 0 or 1, before its siblings are looked at. */
export type StageFinding =
  | { kind: 'fine' }
  /** Fewer samples succeeded than were tried: another run can cure it. */
  | { kind: 'partial'; reason: string }
  /** Nothing at all was measured and pytest failed: perhaps its server never came up. */
  | { kind: 'empty' }
  /** No run can cure it. */
  | { kind: 'halt'; cause: JudgedHalt };

/** Problems that stay whatever the test does next time. */
const incurableKinds: ReadonlySet<ExtractionProblem['kind']> = new Set([
  'not_configured',
  'outside',
  'too_large',
]);

/**
 * One stage by the table "Partial and failed repeats" and the scope check (spec 05 §9). `passed` says whether pytest
 * exited with 0; otherwise it exited with 1.
 */
export function judgeStage(
  stage: StageDefinition,
  extraction: StageExtraction,
  passed: boolean,
): StageFinding {
  if (isDocsStage(stage)) return passed ? { kind: 'fine' } : { kind: 'empty' };
  const keys = Object.keys(stage.metrics);
  const missing = keys.filter((key) => extraction.metrics[key] === null);
  if (missing.length > 0) return judgeMissing({ stage, extraction, missing, passed });
  return judgeCounts(stage, extraction);
}

function judgeMissing(found: {
  stage: StageDefinition;
  extraction: StageExtraction;
  missing: string[];
  passed: boolean;
}): StageFinding {
  const { stage, extraction, missing, passed } = found;
  const incurable = missing.find((key) =>
    incurableKinds.has(extraction.problems[key]?.kind ?? 'not_configured'),
  );
  if (incurable !== undefined) return haltAt(stage, extraction, [incurable, ...without(missing, incurable)]);
  if (!passed) {
    if (missing.length === Object.keys(stage.metrics).length) return { kind: 'empty' };
    const partial = partialReason(stage, extraction);
    if (partial !== null) return { kind: 'partial', reason: partial };
  }
  return haltAt(stage, extraction, missing);
}

function judgeCounts(stage: StageDefinition, extraction: StageExtraction): StageFinding {
  const { total, ok } = extraction.sample_counts;
  if (total === null || ok === null) {
    const counts = (['total', 'ok'] as const).filter((count) => extraction.sample_counts[count] === null);
    return haltAt(stage, extraction, counts.map(countKey));
  }
  const partial = partialReason(stage, extraction);
  if (partial !== null) return { kind: 'partial', reason: partial };
  if (ok > total) return haltOnCounts(stage, `more samples ok than there are (${ok}/${total})`);
  if (total < 1) return haltOnCounts(stage, 'no samples (total 0)');
  const expected = stage.expected_samples;
  if (expected === undefined || total === expected) return { kind: 'fine' };
  return haltOnCounts(stage, describeScopeMismatch(total, expected));
}

function partialReason(stage: StageDefinition, extraction: StageExtraction): string | null {
  const { total, ok } = extraction.sample_counts;
  if (total === null || ok === null || ok >= total) return null;
  return `${stage.key}: ${describePartial(ok, total)}`;
}

/** The cause of a HALT over values that cannot be read: the first one in full, the others by name. */
export function haltAt(
  stage: StageDefinition,
  extraction: StageExtraction,
  keys: readonly string[],
): Extract<StageFinding, { kind: 'halt' }> {
  const [key = '', ...others] = keys;
  const problem = extraction.problems[key];
  const also = others.length === 0 ? '' : ` (also missing: ${others.join(', ')})`;
  const cause: JudgedHalt = {
    text: `${stage.key}.${key}: ${problem?.text ?? 'no value'}${also}`,
    stage: stage.key,
    key,
  };
  if (problem?.file) cause.file = problem.file;
  if (problem?.path) cause.path = problem.path;
  if (problem !== undefined && problem.nearest.length > 0) cause.nearest = problem.nearest;
  return { kind: 'halt', cause };
}

function haltOnCounts(stage: StageDefinition, text: string): StageFinding {
  const { json_file: file, json_path: path } = stage.sample_counts?.total ?? {};
  const cause: JudgedHalt = { text: `${stage.key}: ${text}`, stage: stage.key, key: countKey('total') };
  if (file) cause.file = file;
  if (path) cause.path = path;
  return { kind: 'halt', cause };
}

function without(keys: readonly string[], key: string): string[] {
  return keys.filter((candidate) => candidate !== key);
}
