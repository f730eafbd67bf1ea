import type { Readable, Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';

import { confirm, isCancel, select, text } from '@clack/prompts';
import Table from 'cli-table3';

import { harmlessForTerminal } from '../../../domain/untrusted/harmless-text.ts';
import type { AppliedChange } from '../../../domain/apply/applied-document.ts';
import type { ApplyPlanDocument, ApplyPlanMetric } from '../../../domain/apply/apply-plan-document.ts';
import { type ApplyQuestion, parseDecisionAnswer } from '../../../domain/apply/decide-apply.ts';
import { thresholdId } from '../../../domain/apply/thresholds.ts';
import { isStricter } from '../../../domain/apply/write-value.ts';
import type { ApplyMode } from '../../../domain/session/session-state.ts';
import { resolvedSource, signedPercent } from '../../../report/applied-changes.ts';
import { InterruptedError } from '../../exit-code.ts';
import { colours } from '../../output.ts';

/** A prompt's answer. @throws InterruptedError when the operator left the prompt */
export function answered<T>(value: T): Exclude<T, symbol> {
  if (isCancel(value)) throw new InterruptedError();
  return value as Exclude<T, symbol>;
}

interface Stream {
  isTTY?: boolean;
  columns?: number;
}

/**
 * The plan as a table, one row per threshold: current literal, new one, what that does to the gate. Where
 * the terminal is too narrow for it, as a list.
 */
export function renderPlan(plan: ApplyPlanDocument, stream: Stream): string {
  const table = new Table({
    head: ['stage', 'metric', 'current', 'new', 'change'],
    style: { head: [], border: [], compact: true },
  });
  const list: string[] = [];
  for (const stage of plan.stages) {
    for (const metric of stage.metrics) {
      const [current, next] = [metric.current_text ?? '?', metric.write_text ?? '?'];
      const change = paintedChange(metric, stream);
      table.push([stage.stage_key, metric.metric_key, current, next, change]);
      list.push(`${stage.stage_key}.${metric.metric_key}`, `  ${current} → ${next}  ${change}`);
    }
  }
  const drawn = table.toString();
  const width = stripVTControlCharacters(drawn.split('\n')[0] ?? '').length;
  return width > (stream.columns ?? Infinity) ? list.join('\n') : drawn;
}

function paintedChange(metric: ApplyPlanMetric, stream: Stream): string {
  const { green, yellow, dim } = colours(stream);
  const paint = { tightens: green, loosens: yellow, equal: dim, unknown: dim }[metric.direction];
  return paint(describeChange(metric));
}

/** `tightens (+2.6%)`, `equal`, `unknown`; why a literal is unknown is among the plan's warnings. */
export function describeChange(
  metric: Pick<ApplyPlanMetric, 'direction' | 'current_raw' | 'write_value'>,
): string {
  const { direction, current_raw: old, write_value: next } = metric;
  if (direction === 'equal' || direction === 'unknown' || old === null || next === null) return direction;
  return `${direction} (${old === 0 ? 'n/a' : signedPercent(((next - old) / old) * 100)})`;
}

/** Every changed literal once, as `<file>:<symbol> = <new>`. */
export function changedLiterals(changes: readonly AppliedChange[]): string[] {
  return [
    ...new Set(changes.map((change) => `${change.file}:${resolvedSource(change)} = ${change.new_text}`)),
  ];
}

/** What is about to be written, each literal once, with its old text and the marks of an operator's own number. */
export function pendingLiterals(changes: readonly AppliedChange[]): string[] {
  const lines = changes.map((change) => {
    const mark = change.stricter_than_observed
      ? '  (stricter than observed)'
      : change.custom
        ? '  (your number)'
        : '';
    return `  ${change.file}:${resolvedSource(change)}  ${change.old_text} → ${change.new_text}${mark}`;
  });
  return [...new Set(lines)];
}

/** Where questions are asked: never on stdout, which is for answers. */
export interface Terminal {
  input: Readable;
  output: Writable;
}

/** The terminal of this process; null when there is none, then nothing may be asked. */
export function processTerminal(json: boolean): Terminal | null {
  return process.stdin.isTTY && process.stderr.isTTY && !json
    ? { input: process.stdin, output: process.stderr }
    : null;
}

/** @throws InterruptedError when the operator leaves */
export async function askMode(terminal: Terminal): Promise<ApplyMode> {
  return answered(
    await select<ApplyMode>({
      message: 'What shall happen to the thresholds?',
      options: [
        { value: 'smart', label: 'smart', hint: 'apply what holds or tightens, ask about the rest' },
        { value: 'full', label: 'full', hint: 'apply the worst of N everywhere' },
        { value: 'report', label: 'report', hint: 'edit nothing; the session ends with its report' },
      ],
      ...terminal,
    }),
  );
}

/**
 * Asks one question per metric: keep, apply, or a number; a number that rejects what was observed needs a yes of its
 * own.
 *
 * @returns decisions by `STAGE.METRIC`
 * @throws InterruptedError when the operator leaves
 */
export async function askQuestions(asked: {
  terminal: Terminal;
  plan: ApplyPlanDocument;
  questions: readonly ApplyQuestion[];
}): Promise<Record<string, string>> {
  const { terminal, plan, questions } = asked;
  const metrics = new Map(
    plan.stages.flatMap((stage) =>
      stage.metrics.map((metric) => [thresholdId(stage.stage_key, metric.metric_key), metric] as const),
    ),
  );
  const decisions: Record<string, string> = {};
  for (const [index, question] of questions.entries()) {
    const metric = metrics.get(question.id);
    if (metric === undefined) continue;
    const title = `${index + 1}/${questions.length}  ${question.id}`;
    decisions[question.id] = await askOne({ terminal, title, question, metric });
  }
  return decisions;
}

interface OneQuestion {
  terminal: Terminal;
  title: string;
  question: ApplyQuestion;
  metric: ApplyPlanMetric;
}

async function askOne({ terminal, title, question, metric }: OneQuestion): Promise<string> {
  const message = [
    `${title}  (${metric.label}, ${metric.source})`,
    `  runs      ${question.per_run_raw.join(', ')}`,
    `  current   ${question.current_text}`,
    `  proposed  ${question.write_text}  ${describeChange(metric)}`,
    ...(question.guard === undefined ? [] : [`  careful   ${question.guard}`]),
  ].join('\n');
  for (;;) {
    const choice = answered(
      await select({
        message: harmlessForTerminal(message),
        options: [
          { value: 'keep', label: harmlessForTerminal(`keep ${question.current_text}`) },
          { value: 'apply', label: harmlessForTerminal(`apply ${question.write_text}`) },
          { value: 'number', label: 'another number' },
        ],
        ...terminal,
      }),
    );
    if (choice !== 'number') return choice;
    const number = await askNumber(terminal, metric);
    if (number !== null) return number;
  }
}

/** A number as text, confirmed where that is needed; null when the operator thought better of it. */
async function askNumber(terminal: Terminal, metric: ApplyPlanMetric): Promise<string | null> {
  const typed = answered(
    await text({
      message: 'Number, written into the file as you type it',
      validate: (value) =>
        numberOf(value) === null ? 'a number as Python writes it, such as 4.25' : undefined,
      ...terminal,
    }),
  ).trim();
  const number = numberOf(typed);
  if (number === null) return null;
  const { worst_raw: worst, worst_op: op } = metric;
  if (worst === null || !isStricter(number.value, worst, op)) return number.text;
  const sure = answered(
    await confirm({
      message: `${number.text} is stricter than the worst run, ${worst}: a run like that one would fail. Write it anyway?`,
      initialValue: false,
      ...terminal,
    }),
  );
  return sure ? `${number.text}!` : null;
}

function numberOf(value: string | undefined): { text: string; value: number } | null {
  const answer = parseDecisionAnswer((value ?? '').trim());
  return answer?.kind === 'number' ? answer : null;
}

/** The last question before something is written. @throws InterruptedError when the operator leaves */
export async function askConfirmation(terminal: Terminal, message: string): Promise<boolean> {
  return answered(await confirm({ message: harmlessForTerminal(message), ...terminal }));
}
