import { formatFixed } from '../numbers/format-fixed.ts';
import { isDocsStage } from '../stages/stage.ts';
import type { StageDefinition } from '../stages/stage.ts';
import type { StageExtraction } from './extraction.ts';
import { type JudgedEnd, type StageStatus, endReason } from './stage-status.ts';

/** Which repeat a milestone line speaks of. */
export interface RepeatLabel {
  namespace: string;
  repeat: number;
  /** N. */
  repeats: number;
  stageCount: number;
  gpus: number;
}

/** Extraction problems listed at most (spec 05 §11). */
const LISTED_PROBLEMS = 20;

/** `[<namespace>] run <k>/<N> (<m> stage(s), needs <g> GPU)`: how every milestone line of a repeat begins. */
export function repeatLabel(label: RepeatLabel): string {
  const { namespace, repeat, repeats, stageCount, gpus } = label;
  return `[${namespace}] run ${repeat}/${repeats} (${stageCount} stage(s), needs ${gpus} GPU)`;
}

/** What a repeat is about to measure: its stages and their metrics with the direction of "bad". */
export function configLines(label: RepeatLabel, stages: readonly StageDefinition[]): string[] {
  const tracked = stages
    .filter((stage) => !isDocsStage(stage))
    .map((stage) => {
      const metrics = Object.entries(stage.metrics).map(([key, { worst }]) => `${key}(${worst})`);
      return `    ${stage.key}: ${metrics.join(', ')}`;
    });
  const what = tracked.length === 0 ? ['  docs smoke: pass/fail only'] : ['  tracked metrics:', ...tracked];
  return [`${repeatLabel(label)} config:`, ...what];
}

/** The lane that a repeat got, and pytest's view of it. */
export function usingLaneLine(
  label: RepeatLabel,
  lane: { name: string; gpus: readonly number[]; attempt: number },
): string {
  const devices = lane.gpus.join(',');
  const gpus = lane.gpus.length === 0 ? 'no GPU' : `GPU(s) [${devices}] (CUDA_VISIBLE_DEVICES=${devices})`;
  return `${repeatLabel(label)} using lane ${lane.name}, ${gpus}, attempt ${lane.attempt}`;
}

/** `<label> <reason> — retry (<a>/<limit>)` before another attempt of an infra failure. */
export function retryLine(
  label: RepeatLabel,
  retry: { reason: string; attempt: number; attemptLimit: number },
): string {
  return `${repeatLabel(label)} ${retry.reason} — must clear GPU before retry (${retry.attempt}/${retry.attemptLimit})`;
}

/** `<label> ok (<s>s)` or `<label> failed: <reason> (<s>s)`; pytest's own seconds. */
export function endedLine(label: RepeatLabel, end: JudgedEnd, durationSeconds: number): string {
  const seconds = `(${durationSeconds.toFixed(0)}s)`;
  return end.outcome === 'ok'
    ? `${repeatLabel(label)} ok ${seconds}`
    : `${repeatLabel(label)} failed: ${endReason(end)} ${seconds}`;
}

/** What a stage measured: samples and metrics scaled for display, or why it has failed and what there is. */
export function stageLine(
  stage: StageDefinition,
  recorded: { extraction: StageExtraction; status: StageStatus; end: JudgedEnd },
): string {
  const { extraction, status, end } = recorded;
  if (isDocsStage(stage)) {
    return `  → ${stage.key}: ${status.status === 'ok' ? 'PASS' : `FAIL (${status.reason})`}`;
  }
  const values = stageValues(stage, extraction);
  if (status.status === 'failed') {
    const nothing = Object.values(extraction.metrics).every((value) => value === null);
    if (nothing) return `  → ${stage.key}: ⚠ ALL metrics None (${status.reason}; pytest ${describeEnd(end)})`;
    return `  → ${stage.key}: failed (${status.reason}) — ${values}`;
  }
  return `  → ${stage.key}: ${values}${end.outcome === 'ok' ? '' : ` (pytest ${describeEnd(end)})`}`;
}

/** The reasons of everything that could not be read, at most twenty; no lines when all is well. */
export function extractionLines(extractions: Readonly<Record<string, StageExtraction>>): string[] {
  const problems = Object.entries(extractions).flatMap(([stage, { why }]) =>
    Object.entries(why).map(([key, text]) => `    ${stage}.${key}: ${text}`),
  );
  if (problems.length === 0) return [];
  const more = problems.length - LISTED_PROBLEMS;
  return [
    `  ⚠ metric extraction warnings (${problems.length}):`,
    ...problems.slice(0, LISTED_PROBLEMS),
    ...(more > 0 ? [`    … and ${more} more`] : []),
  ];
}

function stageValues(stage: StageDefinition, extraction: StageExtraction): string {
  const { total, ok } = extraction.sample_counts;
  const metrics = Object.entries(stage.metrics).map(([key, { display }]) => {
    const value = extraction.metrics[key] ?? null;
    return `${key}=${value === null ? 'N/A' : formatFixed(value * display.scale, display.digits)}`;
  });
  return [`samples=${ok ?? '?'}/${total ?? '?'}`, ...metrics].join(' ');
}

function describeEnd(end: JudgedEnd): string {
  return end.exit_code === null ? endReason(end) : `rc=${end.exit_code}`;
}
