import { nearestName } from '../catalog/names.ts';
import { parsePythonNumber } from '../numbers/python-numbers.ts';
import { isSamePlace } from '../places/format-place.ts';
import { numberTextFor } from '../places/number-text.ts';
import { parsePlace } from '../places/parse-place.ts';
import type { ApplyMode } from '../session/session-state.ts';
import type {
  ApplyChoice,
  ApplyPlanDocument,
  ApplyPlanMetric,
  PlannedThreshold,
} from './apply-plan-document.ts';
import { guardsOf } from './guards.ts';
import { literalConflicts } from './shared-literals.ts';
import { directionOf, thresholdId } from './thresholds.ts';
import { isStricter } from './write-value.ts';

/** The editing modes; `report` edits nothing. */
export type EditMode = Exclude<ApplyMode, 'report'>;

/** One thing that only the operator can decide: keep, apply, or another number. */
export interface ApplyQuestion {
  /** `STAGE.METRIC`, the key of its decision. */
  id: string;
  stage_key: string;
  metric_key: string;
  label: string;
  source: string;
  per_run_raw: number[];
  current_text: string;
  write_text: string;
  direction: 'tightens' | 'loosens';
  /** Why a person is asked in any mode: the recorded runs, or those of CI, speak against it. Absent for other questions. */
  guard?: string;
}

/**
 * What the mode does with a metric when nobody has decided it: `smart` applies accuracy, WER, similarity
 * and UTMOS in both directions and speed that tightens, and asks about the rest; `full` applies everything. Both ask
 * where the recorded runs speak against the rule of the gate, or against those of CI.
 */
export function undecidedAction(
  mode: EditMode,
  metric: Pick<ApplyPlanMetric, 'direction' | 'stage_group' | 'evidence' | 'ci'>,
): 'unknown' | 'equal' | 'apply' | 'ask' {
  if (metric.direction === 'unknown' || metric.direction === 'equal') {
    return metric.direction;
  }
  if (guardsOf(metric).length > 0) {
    return 'ask';
  }
  if (mode === 'full' || appliedEitherWay.has(metric.stage_group)) {
    return 'apply';
  }
  return metric.stage_group === 'speed' && metric.direction === 'tightens' ? 'apply' : 'ask';
}

const appliedEitherWay: ReadonlySet<string> = new Set(['accuracy', 'wer', 'similarity', 'utmos']);

/**
 * The questions that a mode leaves open, in plan order.
 *
 * @param decided the decisions given so far, by `STAGE.METRIC`
 */
export function openQuestions(question: {
  plan: ApplyPlanDocument;
  mode: EditMode;
  decided: Readonly<Record<string, unknown>>;
}): ApplyQuestion[] {
  const { plan, mode, decided } = question;
  return plan.stages.flatMap((stage) =>
    stage.metrics.flatMap((metric) => {
      const id = thresholdId(stage.stage_key, metric.metric_key);
      const isOpen = undecidedAction(mode, metric) === 'ask' && !Object.hasOwn(decided, id);
      return isOpen ? questionOf({ id, stageKey: stage.stage_key, metric }) : [];
    }),
  );
}

function questionOf(asked: { id: string; stageKey: string; metric: ApplyPlanMetric }): ApplyQuestion {
  const { id, stageKey, metric } = asked;
  return {
    id,
    stage_key: stageKey,
    metric_key: metric.metric_key,
    label: metric.label,
    source: metric.source,
    per_run_raw: metric.per_run_raw,
    current_text: metric.current_text ?? '?',
    write_text: metric.write_text ?? '?',
    direction: metric.direction === 'tightens' ? 'tightens' : 'loosens',
    ...guardOf(metric),
  };
}

function guardOf(metric: ApplyPlanMetric): Pick<ApplyQuestion, 'guard'> {
  const guards = guardsOf(metric);
  return guards.length === 0 ? {} : { guard: guards.join('; ') };
}

/** A question as one line: `STAGE.METRIC: runs 1, 2, 3; current 4.2, proposed 3.9 (loosens)`. */
export function describeQuestion(question: ApplyQuestion): string {
  const { id, per_run_raw: runs, current_text: current, write_text: proposed, direction } = question;
  const guard = question.guard === undefined ? '' : `; ${question.guard}`;
  return `${id}: runs ${runs.join(', ')}; current ${current}, proposed ${proposed} (${direction})${guard}`;
}

/**
 * The answer to one threshold's question. A number is written verbatim; `confirmed` says that the operator
 * knows it to be stricter than what was observed.
 */
export type DecisionAnswer =
  | { kind: 'keep' }
  | { kind: 'apply' }
  | { kind: 'number'; text: string; value: number; confirmed: boolean };

/** What `parseDecisionAnswer` takes, for messages. */
export const decisionAnswerForms = 'keep, apply, a number, or NUMBER! for one that is stricter than observed';

/**
 * Reads `keep`, `apply`, `NUMBER` or `NUMBER!`. The number must be one to Python's `float()` and at the same time a
 * literal in Python source: decimal, optionally signed, underscores and exponent allowed, finite. The exclamation mark
 * confirms a number that is stricter than the worst observation; where it is not stricter the mark changes nothing.
 *
 * @returns null for anything else
 */
export function parseDecisionAnswer(text: string): DecisionAnswer | null {
  if (text === 'keep' || text === 'apply') {
    return { kind: text };
  }
  const confirmed = text.endsWith('!');
  const literal = confirmed ? text.slice(0, -1) : text;
  // `float("0x10")`, `float("- 1")` and `float(" 1")` are errors or not what stands in a file.
  const number = /^[+-]?[\d.][\d._eE+-]*$/.test(literal) ? parsePythonNumber(literal) : null;
  return number === null ? null : { kind: 'number', text: literal, value: number.value, confirmed };
}

export type ApplyDecision =
  | { kind: 'decided'; choices: ApplyChoice[]; warnings: string[] }
  /** Nothing may be written; `questions` are the ones still open. */
  | { kind: 'refused'; reason: string; questions: ApplyQuestion[] };

export interface DecideApplyOptions {
  plan: ApplyPlanDocument;
  mode: EditMode;
  /**
   * `STAGE.METRIC`, or the place of a literal → `keep`, `apply`, `NUMBER` or `NUMBER!`; a given decision counts in both
   * modes.
   */
  decide: Readonly<Record<string, string>>;
}

/**
 * Settles every threshold of a plan, or says why nothing may be written: an unknown or unreadable
 * decision, a question nobody answered, a number stricter than what was observed without its confirmation, two metrics
 * that want different values of one literal.
 */
export function decideApply(options: DecideApplyOptions): ApplyDecision {
  const { plan, mode } = options;
  const thresholds = plan.stages.flatMap((stage) =>
    stage.metrics.map((metric) => ({ id: thresholdId(stage.stage_key, metric.metric_key), stage, metric })),
  );
  const named = decisionsById(options.decide, thresholds);
  if ('problems' in named) {
    return refused(named.problems);
  }
  const { decide } = named;
  const settled = thresholds.map((threshold) => settle(threshold, mode, decide[threshold.id]));
  const problems = settled.flatMap((one) => ('problem' in one ? [one.problem] : []));
  if (problems.length > 0) {
    return refused(problems);
  }
  const questions = openQuestions({ plan, mode, decided: decide });
  if (questions.length > 0) {
    const lines = questions.map((question) => `  ${describeQuestion(question)}`);
    const count = `${questions.length} ${questions.length === 1 ? 'decision is' : 'decisions are'} missing`;
    return refused([`${count} (decide STAGE.METRIC=keep, apply or a number):`, ...lines], questions);
  }
  const choices = settled.flatMap((one) => ('problem' in one ? [] : [one]));
  const conflicts = literalConflicts(choices);
  return conflicts.length > 0
    ? refused(conflicts)
    : { kind: 'decided', choices, warnings: warningsOf(plan, choices) };
}

/**
 * Decisions by `STAGE.METRIC`. A key may also be the place of a literal, and then decides for every threshold that stands
 * there: they can have one value only.
 */
export function decisionsById(
  given: Readonly<Record<string, string>>,
  thresholds: readonly PlannedThreshold[],
): { decide: Record<string, string> } | { problems: string[] } {
  const ids = thresholds.map(({ id }) => id);
  const decide: Record<string, string> = {};
  const problems: string[] = [];
  for (const [key, answer] of Object.entries(given)) {
    const meant = ids.includes(key) ? [key] : idsAt(key, thresholds);
    if (meant.length === 0) {
      problems.push(...unknownKeys([key], ids));
    }
    for (const id of meant) {
      const earlier = decide[id];
      if (earlier !== undefined && earlier !== answer) {
        problems.push(`${id} is decided twice, as ${earlier} and as ${answer}`);
      }
      decide[id] = answer;
    }
  }
  return problems.length > 0 ? { problems } : { decide };
}

function idsAt(key: string, thresholds: readonly PlannedThreshold[]): string[] {
  return thresholds
    .filter(({ stage, metric }) => {
      const wanted = parsePlace(key, stage.threshold_file);
      const found = metric.place === null ? null : parsePlace(metric.place, stage.threshold_file);
      return wanted !== null && found !== null && isSamePlace(wanted, found);
    })
    .map(({ id }) => id);
}

function refused(lines: readonly string[], questions: ApplyQuestion[] = []): ApplyDecision {
  return { kind: 'refused', reason: lines.join('\n'), questions };
}

function unknownKeys(given: readonly string[], known: readonly string[]): string[] {
  return given
    .filter((key) => !known.includes(key))
    .map((key) => {
      const near = nearestName(key, known);
      const hint = near === null ? `known: ${known.join(', ')}` : `did you mean ${near}?`;
      return `no threshold ${key} in the apply plan; ${hint}`;
    });
}

type Settled = ApplyChoice | { problem: string };

function settle(threshold: PlannedThreshold, mode: EditMode, given: string | undefined): Settled {
  const { metric } = threshold;
  if (given !== undefined) {
    const answer = parseDecisionAnswer(given);
    return answer === null
      ? {
          problem: `${threshold.id}: ${JSON.stringify(given)} is not a decision; valid: ${decisionAnswerForms}`,
        }
      : settleAnswer(threshold, answer);
  }
  const action = undecidedAction(mode, metric);
  switch (action) {
    case 'apply':
      return writeWorst(threshold);
    case 'ask':
      // Refused as an open question before the choice is looked at.
      return { ...threshold, action: 'keep' };
    default:
      return { ...threshold, action };
  }
}

function settleAnswer(threshold: PlannedThreshold, answer: DecisionAnswer): Settled {
  const { id, metric } = threshold;
  if (answer.kind === 'keep') {
    return { ...threshold, action: metric.direction === 'unknown' ? 'unknown' : 'keep' };
  }
  if (metric.current_text === null || metric.location === null) {
    return { problem: `${id} cannot be edited: ${metric.unknown_reason ?? 'its literal was not found'}` };
  }
  if (answer.kind === 'apply') {
    return metric.direction === 'equal' ? { ...threshold, action: 'equal' } : writeWorst(threshold);
  }
  const { value, confirmed } = answer;
  const text = numberTextFor(answer.text, threshold.stage.threshold_file);
  const { worst_op: worst, worst_raw: worstRaw, current_raw: current } = metric;
  if (directionOf({ current, next: value, worst }) === 'equal') {
    return { ...threshold, action: 'equal' };
  }
  const stricter = worstRaw !== null && isStricter(value, worstRaw, worst);
  return stricter && !confirmed
    ? { problem: `${id}: ${text} is stricter than the worst observation ${worstRaw}; confirm it as ${text}!` }
    : { ...threshold, action: 'write', text, value, custom: true, stricterThanObserved: stricter };
}

function writeWorst(threshold: PlannedThreshold): Settled {
  const { write_text: text, write_value: value } = threshold.metric;
  return text === null || value === null
    ? { problem: `${threshold.id} has no observation to apply` }
    : { ...threshold, action: 'write', text, value, custom: false, stricterThanObserved: false };
}

function warningsOf(plan: ApplyPlanDocument, choices: readonly ApplyChoice[]): string[] {
  const told = plan.stages.flatMap((stage) => stage.warnings);
  const silent = choices
    .filter(({ action, metric }) => action === 'unknown' && metric.unknown_reason === null)
    .map(({ id }) => `${id} is skipped: it has no observation`);
  return [...told, ...silent];
}
