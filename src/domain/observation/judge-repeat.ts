import { type AuditCell, auditCell, withSpoiltSiblings } from '../audit/matrix.ts';
import { describePartial, describeScopeMismatch } from '../audit/strict.ts';
import type { HaltCause } from '../session/session-state.ts';
import { shownList } from '../untrusted/cut-text.ts';
import { isDocsStage, type StageDefinition } from '../stages/stage.ts';
import { countKey, type ExtractionProblem, type StageExtraction } from './extract-metrics.ts';
import { endReason, type JudgedEnd, pytestOutcome, type StageStatus, stageStatus } from './observation.ts';
import { statedProblem, statedSources } from './stated-validity.ts';

/** A HALT's cause without the repeat it happened in, which the caller knows. */
export type JudgedHalt = Omit<HaltCause, 'namespace' | 'repeat'>;

/** What a stage's numbers say after pytest ended with exit code 0 or 1, before its siblings are looked at. */
export type StageFinding =
  | { kind: 'fine' }
  /**
   * Fewer samples succeeded than were tried, or the test calls its own run invalid: another run can cure it. `again` is said of
   * it where it comes twice in a row; `key` is what it is about.
   */
  | { kind: 'partial'; stage: string; key: string; reason: string; again: string }
  /** Nothing at all was measured and pytest failed: perhaps its server never came up. */
  | { kind: 'empty' }
  /** No run can cure it. */
  | { kind: 'halt'; cause: JudgedHalt };

/** Names in one reason. */
const mostNamed = 10;

/** Problems that stay whatever the test does next time. */
const incurableKinds: ReadonlySet<ExtractionProblem['kind']> = new Set([
  'not_configured',
  'outside',
  'too_large',
]);

/**
 * One stage by the table "Partial and failed repeats" and the scope check. `passed` says whether pytest
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
  const counted = judgeCounts(stage, extraction);
  return counted.kind === 'fine' ? judgeStated(stage, extraction, passed) : counted;
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
    const partial = partialFinding(stage, extraction);
    if (partial !== null) return partial;
  }
  return haltAt(stage, extraction, missing);
}

/** What the test says of its own run; only another run can change it. */
function judgeStated(stage: StageDefinition, extraction: StageExtraction, passed: boolean): StageFinding {
  const reason = statedProblem(stage, extraction, passed ? null : 'exit 1');
  if (reason === null) return { kind: 'fine' };
  const unreadable = statedSources(stage)
    .map(({ key }) => key)
    .filter((key) => reason === `${key}_missing`);
  if (passed && unreadable.length > 0) return haltAt(stage, extraction, unreadable);
  const text = `${stage.key}: ${reason}`;
  const key = reason.includes('pytest_failure') ? 'allowed_pytest_failure' : 'observation_validity';
  return { kind: 'partial', stage: stage.key, key, reason: text, again: text };
}

function judgeCounts(stage: StageDefinition, extraction: StageExtraction): StageFinding {
  const { total, ok } = extraction.sample_counts;
  if (total === null || ok === null) {
    const counts = (['total', 'ok'] as const).filter((count) => extraction.sample_counts[count] === null);
    return haltAt(stage, extraction, counts.map(countKey));
  }
  const partial = partialFinding(stage, extraction);
  if (partial !== null) return partial;
  if (ok > total) return haltOnCounts(stage, `more samples ok than there are (${ok}/${total})`);
  if (total < 1) return haltOnCounts(stage, 'no samples (total 0)');
  const expected = stage.expected_samples;
  if (expected === undefined || total === expected) return { kind: 'fine' };
  return haltOnCounts(stage, describeScopeMismatch(total, expected));
}

function partialFinding(
  stage: StageDefinition,
  extraction: StageExtraction,
): Extract<StageFinding, { kind: 'partial' }> | null {
  const { total, ok } = extraction.sample_counts;
  if (total === null || ok === null || ok >= total) return null;
  return {
    kind: 'partial',
    stage: stage.key,
    reason: `${stage.key}: ${describePartial(ok, total)}`,
    key: countKey('total'),
    again: `${stage.key}: ${total - ok} of ${total} samples are missing`,
  };
}

/** The cause of a HALT over values that cannot be read: the first one in full, the others by name. */
export function haltAt(
  stage: StageDefinition,
  extraction: StageExtraction,
  keys: readonly string[],
): Extract<StageFinding, { kind: 'halt' }> {
  const [key = '', ...others] = keys;
  const problem = extraction.problems[key];
  const also = others.length === 0 ? '' : ` (also missing: ${shownList(others, mostNamed).join(', ')})`;
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

export interface RepeatEvidence {
  /** All planned stages of the unit: one bad sibling spoils the whole repeat. */
  stages: readonly StageDefinition[];
  /** By stage key. */
  extractions: Readonly<Record<string, StageExtraction>>;
  end: JudgedEnd;
  /** Suspect log signatures that may explain a server which never came up. */
  suspects: readonly string[];
  /** Reasons of this repeat's earlier verdicts, any order. */
  earlierReasons: readonly string[];
  /** Reason of the launch right before this one, in the same budget; absent where it had none, or was the first. */
  previousReason?: string | undefined;
  /** What a model says about repeats whose pytest crashed or hung after its results; true = they count. */
  countAfterCrash?: boolean;
  /** When pytest ended, ms since 1970; null where its clock cannot be compared with that of its files. */
  endedAtMs?: number | null;
}

export type RepeatVerdict =
  /** Every stage is ✓. `after`: how pytest ended, where it crashed or hung after its results. */
  | { kind: 'complete'; after?: string }
  /** A △ or ✗ that another run can cure: discard the whole repeat, run again within the budget. */
  | { kind: 'partial'; reason: string }
  /** A crash, out of memory, time limit or abort: the numbers do not count. */
  | { kind: 'infra'; reason: string }
  /** No retry can cure it: everything stops until somebody has fixed it. */
  | { kind: 'halt'; cause: JudgedHalt };

export interface JudgedRepeat {
  verdict: RepeatVerdict;
  /** `status` and `reason` of each stage's record, by stage key. */
  statuses: Record<string, StageStatus>;
  /** Strict symbol that each stage's record will have, by stage key. */
  cells: Record<string, AuditCell>;
}

/** What one finished pytest invocation is worth. Pure. */
export function judgeRepeat(evidence: RepeatEvidence): JudgedRepeat {
  const statuses: Record<string, StageStatus> = {};
  const cells: Record<string, AuditCell> = {};
  for (const stage of evidence.stages) {
    const extraction = extractionOf(evidence, stage);
    const status = stageStatus(stage, extraction, evidence.end);
    statuses[stage.key] = status;
    cells[stage.key] = cellOf({ stage, extraction, status, end: evidence.end });
  }
  const complete = Object.values(cells).every((cell) => cell.symbol === '✓');
  const after = complete ? countedEnd(evidence) : null;
  if (after === null) return { verdict: verdictOf(evidence), statuses, cells: withSpoiltSiblings(cells) };
  const said = Object.keys(statuses).map((key) => [key, { status: 'ok', reason: after }] as const);
  return { verdict: { kind: 'complete', after }, statuses: Object.fromEntries(said), cells };
}

/** File systems and records keep whole seconds or coarser clocks. */
const clockSlackMs = 2000;

/**
 * How pytest ended, where it crashed or hung after complete results and the repeat counts all the same; else null. The
 * same on every attempt: a suite that always dies while it shuts down is measured, and costs no launch more.
 */
function countedEnd({ end, extractions, countAfterCrash, endedAtMs }: RepeatEvidence): string | null {
  if (countAfterCrash === false || !end.afterResults) return null;
  if (typeof endedAtMs === 'number') {
    const files = Object.values(extractions).flatMap(({ result_files }) => result_files);
    // What a process that outlived pytest wrote is not a result of its tests.
    if (files.some(({ mtime }) => Date.parse(mtime) > endedAtMs + clockSlackMs)) return null;
  }
  return end.afterResults;
}

function verdictOf(evidence: RepeatEvidence): RepeatVerdict {
  const { end } = evidence;
  switch (end.outcome) {
    case 'config':
      return { kind: 'halt', cause: { text: `pytest could not run the tests: ${endReason(end)}` } };
    case 'aborted':
    case 'infra':
      return { kind: 'infra', reason: endReason(end) };
    case 'ok':
    case 'assertion':
      return verdictOnNumbers(evidence);
    default:
      return end.outcome satisfies never;
  }
}

function verdictOnNumbers(evidence: RepeatEvidence): RepeatVerdict {
  const found = evidence.stages.map((stage): { stage: StageDefinition; finding: StageFinding } => ({
    stage,
    finding: judgeStage(stage, extractionOf(evidence, stage), evidence.end.outcome === 'ok'),
  }));
  for (const { finding } of found) {
    if (finding.kind === 'halt') return { kind: 'halt', cause: finding.cause };
  }
  const partial = found.flatMap(({ finding }) => (finding.kind === 'partial' ? [finding] : []));
  const reasons = partial.map(({ reason }) => reason);
  const empty = found.filter(({ finding }) => finding.kind === 'empty').map(({ stage }) => stage);
  const [first] = empty;
  if (first !== undefined) {
    const reason = emptyReason(evidence, empty);
    // A server that never came up deserves one more try; the same again is a bug of the test.
    const again = evidence.earlierReasons.some((earlier) => earlier.includes(reason));
    if (again && evidence.suspects.length === 0) return haltOnEmpty(evidence, first, reason);
    reasons.unshift(reason);
  }
  if (reasons.length === 0) return { kind: 'complete' };
  const reason = reasons.join('; ');
  const same = partial.length > 0 && evidence.previousReason === reason;
  return same ? haltOnSamePartial(partial) : { kind: 'partial', reason };
}

/** The same twice in a row: requests that always fail, or a test that always finds itself invalid; no launch cures it. */
function haltOnSamePartial(partial: readonly Extract<StageFinding, { kind: 'partial' }>[]): RepeatVerdict {
  const isCount = partial.every(({ key }) => key === countKey('total'));
  const text = `${partial.map(({ again }) => again).join('; ')}, twice ${isCount ? 'the same number' : 'in a row'}`;
  const [first] = partial;
  const cause: JudgedHalt = { text };
  if (first !== undefined) Object.assign(cause, { stage: first.stage, key: first.key });
  return { kind: 'halt', cause };
}

function emptyReason(evidence: RepeatEvidence, empty: readonly StageDefinition[]): string {
  const [first] = evidence.suspects;
  const suspect = first === undefined ? '' : `, log says "${first}"`;
  return `nothing measured for ${shownList(
    empty.map(({ key }) => key),
    mostNamed,
  ).join(', ')} (${endReason(evidence.end)}${suspect})`;
}

function haltOnEmpty(evidence: RepeatEvidence, stage: StageDefinition, reason: string): RepeatVerdict {
  const [metric] = Object.keys(stage.metrics);
  if (metric === undefined) {
    return { kind: 'halt', cause: { text: `${stage.key}: ${reason}, twice`, stage: stage.key } };
  }
  const { cause } = haltAt(stage, extractionOf(evidence, stage), [metric]);
  return { kind: 'halt', cause: { ...cause, text: `${reason}, twice: ${cause.text}` } };
}

function cellOf(judged: {
  stage: StageDefinition;
  extraction: StageExtraction;
  status: StageStatus;
  end: JudgedEnd;
}): AuditCell {
  const { metrics, sample_counts, observation_valid } = judged.extraction;
  const observation = {
    ...judged.status,
    metrics,
    sample_counts,
    duration_s: null,
    attempts: null,
    pytest_rc: judged.end.exit_code,
    pytest_outcome: pytestOutcome(judged.end),
    observation_valid,
  };
  const file = { kind: 'recorded', observation, integrity: 'committed' } as const;
  const { incomplete, ...cell } = auditCell({ stage: judged.stage, file, commit: '' });
  // Absent where it follows from the strict cell: these cells travel through histories.
  const follows = incomplete === (cell.symbol === '✓' ? null : cell.reason);
  return follows || incomplete === undefined ? cell : { ...cell, incomplete };
}

function extractionOf(evidence: RepeatEvidence, stage: StageDefinition): StageExtraction {
  const extraction = evidence.extractions[stage.key];
  if (extraction === undefined) throw new Error(`stage ${stage.key} was never extracted`);
  return extraction;
}
