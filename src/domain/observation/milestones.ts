import type { ContextBinding } from '../discovery/source-facts.ts';
import { formatFixed } from '../numbers/python-numbers.ts';
import type { OwnStop } from '../pytest/classify-end.ts';
import { isDocsStage, type StageDefinition } from '../stages/stage.ts';
import type { StageExtraction } from './extract-metrics.ts';
import { type JudgedEnd, type StageStatus, endReason } from './observation.ts';

/** Which repeat a milestone line speaks of. */
export interface RepeatLabel {
  namespace: string;
  repeat: number;
  /** N. */
  repeats: number;
  stageCount: number;
  gpus: number;
}

/** Extraction problems listed at most. */
const listedProblems = 20;

/** `[<namespace>] run <k>/<N> (<m> stage(s), needs <g> GPU)`: how every milestone line of a repeat begins. */
export function repeatLabel(label: RepeatLabel): string {
  const { namespace, repeat, repeats, stageCount, gpus } = label;
  return `[${namespace}] run ${repeat}/${repeats} (${stageCount} stage(s), needs ${gpus} GPU)`;
}

/** What a test's source says about its conditions. */
export interface TestContext {
  datasets: readonly string[];
  /** Source order. */
  bindings: readonly ContextBinding[];
}

/** What a repeat is about to measure: its conditions, its stages and their metrics with the direction of "bad". */
export function configLines(
  label: RepeatLabel,
  stages: readonly StageDefinition[],
  context: TestContext = { datasets: [], bindings: [] },
): string[] {
  const tracked = stages
    .filter((stage) => !isDocsStage(stage))
    .map((stage) => {
      const metrics = Object.entries(stage.metrics).map(([key, { worst }]) => `${key}(${worst})`);
      return `    ${stage.key}: ${metrics.join(', ')}`;
    });
  const what =
    tracked.length === 0
      ? ['  docs smoke: pass/fail only']
      : [...conditionLines(context), '  tracked metrics:', ...tracked];
  return [`${repeatLabel(label)} config:`, ...what];
}

const contextKeywords = ['max_samples', 'max_tokens', 'max_new_tokens', 'max_concurrency'] as const;

/** Of several the last in the file; a constant's number, or its name where it has none. */
function conditionLines({ datasets, bindings }: TestContext): string[] {
  const limits = contextKeywords.flatMap((keyword) => {
    const last = bindings.findLast((binding) => binding.keyword === keyword);
    return last === undefined ? [] : [`  ${keyword}: ${last.literal ?? `<${last.name ?? '?'}>`}`];
  });
  return datasets.length === 0 ? limits : [`  dataset(s): ${datasets.join(', ')}`, ...limits];
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

/** `<label> <reason> — …` before another attempt of an infra failure: how many of the pass's launches are used up. */
export function retryLine(
  label: RepeatLabel,
  retry: { reason: string; attempt: number; attemptLimit: number },
): string {
  const first = label.gpus > 0 ? 'must clear GPU before retry' : 'retry';
  return `${repeatLabel(label)} ${retry.reason} — ${first} (${retry.attempt}/${retry.attemptLimit})`;
}

/** The gate of a lane is open: what its GPUs hold, in MiB, and how long that took. */
export function gateOpenLine(
  label: RepeatLabel,
  gate: { usedMib: Readonly<Record<number, number>>; limitMib: number; waitedSeconds: number },
): string {
  const memory = Object.entries(gate.usedMib).map(([index, mib]) => `${index}: ${mib}`);
  return `${repeatLabel(label)} launch gate: GPU ready {${memory.join(', ')}} MiB (each <= ${gate.limitMib}) after ${gate.waitedSeconds.toFixed(0)}s`;
}

/** What a launch waits for, written now and then while it does. */
export function waitingLine(label: RepeatLabel, wait: { waitedSeconds: number; text: string }): string {
  return `${repeatLabel(label)} waiting ${wait.waitedSeconds.toFixed(0)}s: ${wait.text}`;
}

/** A running pytest, written now and then: bytes of its log, seconds since that grew, memory of its GPUs in MiB. */
export function runningLine(
  label: RepeatLabel,
  run: { logBytes: number; silentSeconds: number; usedMib: Readonly<Record<number, number>> | null },
): string {
  const memory = Object.entries(run.usedMib ?? {}).map(([index, mib]) => `${index}: ${mib}`);
  const gpus = memory.length === 0 ? '' : ` GPU mem={${memory.join(', ')}}`;
  return `${repeatLabel(label)} running…${gpus} log=${run.logBytes}B stall=${run.silentSeconds.toFixed(0)}s`;
}

/** calib is ending a running pytest, and why. */
export function stoppingLine(label: RepeatLabel, stop: OwnStop): string {
  return `${repeatLabel(label)} ${stopCause(stop)} — stopping pytest`;
}

function stopCause(stop: OwnStop): string {
  switch (stop.kind) {
    case 'fatal':
      return `crash detected in log (${stop.signature})`;
    case 'timeout':
      return `time limit of ${stop.limitSeconds} s reached`;
    case 'stall':
      return `no log growth for ${stop.stallSeconds} s${stop.signature === null ? '' : ` after "${stop.signature}"`}`;
    case 'exit':
      return `all results are complete, but it did not exit within ${stop.graceSeconds} s of its last test`;
    case 'log':
      return `log beyond ${stop.limitBytes} bytes`;
    case 'cancelled':
      return stop.why;
  }
}

/** `<label> ok (<s>s)` or `<label> failed: <reason> (<s>s)`; pytest's own seconds. */
export function endedLine(label: RepeatLabel, end: JudgedEnd, durationSeconds: number): string {
  const seconds = `(${durationSeconds.toFixed(0)}s)`;
  return end.outcome === 'ok'
    ? `${repeatLabel(label)} ok ${seconds}`
    : `${repeatLabel(label)} failed: ${endReason(end)} ${seconds}`;
}

/** A repeat that counts although pytest crashed or hung; `after` says how it ended. */
export function countsAfterResultsLine(after: string): string {
  return `  ⚠ counts, because every stage was measured in full before: ${after}`;
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
  const more = problems.length - listedProblems;
  return [
    `  ⚠ metric extraction warnings (${problems.length}):`,
    ...problems.slice(0, listedProblems),
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
