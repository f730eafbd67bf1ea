import { type AuditCell, auditCell } from '../audit/audit-matrix.ts';
import type { StageDefinition } from '../stages/stage.ts';
import type { StageExtraction } from './extraction.ts';
import { type JudgedHalt, type StageFinding, haltAt, judgeStage } from './judge-stage.ts';
import { type JudgedEnd, type StageStatus, endReason, pytestOutcome, stageStatus } from './stage-status.ts';

export interface RepeatEvidence {
  /** All planned stages of the unit: one bad sibling spoils the whole repeat (spec 05 §9). */
  stages: readonly StageDefinition[];
  /** By stage key. */
  extractions: Readonly<Record<string, StageExtraction>>;
  end: JudgedEnd;
  /** Suspect log signatures (05 §8) that may explain a server which never came up. */
  suspects: readonly string[];
  /** Reasons of this repeat's earlier verdicts, any order. */
  earlierReasons: readonly string[];
  /**
   * True when the budget allows no further launch: then a crash after every stage was measured in full counts, as in
   * 06 §2 (a suite that always dies while shutting down could otherwise never be calibrated).
   */
  lastAttempt?: boolean;
}

export type RepeatVerdict =
  /** Every stage is ✓. */
  | { kind: 'complete' }
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

/** What one finished pytest invocation is worth (spec 05 §9, "Partial and failed repeats"). Pure. */
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
  return { verdict: verdictOf(evidence, complete), statuses, cells };
}

function verdictOf(evidence: RepeatEvidence, complete: boolean): RepeatVerdict {
  const { end } = evidence;
  switch (end.outcome) {
    case 'config':
      return { kind: 'halt', cause: { text: `pytest could not run the tests: ${endReason(end)}` } };
    case 'aborted':
      return { kind: 'infra', reason: endReason(end) };
    case 'infra':
      return complete && evidence.lastAttempt === true
        ? { kind: 'complete' }
        : { kind: 'infra', reason: endReason(end) };
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
  const reasons = found.flatMap(({ finding }) => (finding.kind === 'partial' ? [finding.reason] : []));
  const empty = found.filter(({ finding }) => finding.kind === 'empty').map(({ stage }) => stage);
  const [first] = empty;
  if (first !== undefined) {
    const reason = emptyReason(evidence, empty);
    // A server that never came up deserves one more try; the same again is a bug of the test (spec 05 §9).
    const again = evidence.earlierReasons.some((earlier) => earlier.includes(reason));
    if (again && evidence.suspects.length === 0) return haltOnEmpty(evidence, first, reason);
    reasons.unshift(reason);
  }
  return reasons.length === 0 ? { kind: 'complete' } : { kind: 'partial', reason: reasons.join('; ') };
}

function emptyReason(evidence: RepeatEvidence, empty: readonly StageDefinition[]): string {
  const [first] = evidence.suspects;
  const suspect = first === undefined ? '' : `, log says "${first}"`;
  return `nothing measured for ${empty.map(({ key }) => key).join(', ')} (${endReason(evidence.end)}${suspect})`;
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
  const { metrics, sample_counts } = judged.extraction;
  const observation = {
    ...judged.status,
    metrics,
    sample_counts,
    duration_s: null,
    attempts: null,
    pytest_rc: judged.end.exit_code,
    pytest_outcome: pytestOutcome(judged.end),
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
