import type { Readable, Writable } from 'node:stream';

import { confirm, select, text } from '@clack/prompts';

import type { ApplyPlanDocument, ApplyPlanMetric } from '../domain/apply/apply-plan-document.ts';
import type { ApplyQuestion } from '../domain/apply/apply-question.ts';
import { parseDecisionAnswer } from '../domain/apply/decision-answer.ts';
import { thresholdId } from '../domain/apply/located-threshold.ts';
import { isStricter } from '../domain/apply/write-value.ts';
import type { ApplyMode } from '../domain/session/session-state.ts';
import { answered } from './answered.ts';
import { describeChange } from './apply-view.ts';

/** Where questions are asked: never on stdout, which is for answers. */
export interface Terminal {
  input: Readable;
  output: Writable;
}

/** The terminal of this process; null when there is none, then nothing may be asked (spec 06 §11). */
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
 * Asks one question per metric: keep, apply, or a number; a number that rejects what was observed needs a yes of its own.
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
  ].join('\n');
  for (;;) {
    const choice = answered(
      await select({
        message,
        options: [
          { value: 'keep', label: `keep ${question.current_text}` },
          { value: 'apply', label: `apply ${question.write_text}` },
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
      message: `${number.text} is stricter than the worst run, ${worst}: a run like that one would fail. Write it all the same?`,
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
  return answered(await confirm({ message, ...terminal }));
}
