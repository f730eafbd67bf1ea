import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

import { type Command, InvalidArgumentError } from 'commander';
import picocolors from 'picocolors';
import { z } from 'zod';

import { decisionAnswerForms, parseDecisionAnswer } from '../domain/apply/decide-apply.ts';
import { parsePlace } from '../domain/places/parse-place.ts';
import { boundReason, sessionBounds } from '../domain/session/session-bounds.ts';
import { harmlessForTerminal, harmlessJson } from '../domain/untrusted/harmless-text.ts';

/**
 * Prints a line (or several) of the answer: the only thing that goes to stdout. Colours may stand in it; whatever else
 * would act on a terminal is shown instead, since names and reasons in it come from tests, files and processes.
 */
export function answer(text: string): void {
  process.stdout.write(`${harmlessForTerminal(text)}\n`);
}

/** Prints the one JSON document of a `--json` answer: two-space indented, or as one line for readers of streams. */
export function answerJson(value: unknown, layout: 'document' | 'line' = 'document'): void {
  answer(harmlessJson(JSON.stringify(value, null, layout === 'document' ? 2 : 0)));
}

/** Prints a diagnostic line to stderr, as harmless as an answer. */
export function note(text: string): void {
  process.stderr.write(`${harmlessForTerminal(text)}\n`);
}

/** Prints a warning to stderr. */
export function warn(text: string): void {
  note(`${colours(process.stderr).yellow('warning:')} ${text}`);
}

/** A stream's colour functions: identities unless it is a terminal and `NO_COLOR` is unset or empty. */
export function colours(stream: { isTTY?: boolean }): ReturnType<typeof picocolors.createColors> {
  return picocolors.createColors(stream.isTTY === true && !process.env['NO_COLOR']);
}

/** Says on a terminal what stopping a worker means for what it runs. */
export function announceDrain(): void {
  if (process.stderr.isTTY) note('stopping: running repeats go on and are adopted by the next worker');
}

/** Appends examples to a command's help; each is a command line without prompt. */
export function addExamples(command: Command, examples: readonly string[]): Command {
  const heading = examples.length === 1 ? 'Example:' : 'Examples:';
  return command.addHelpText('after', `\n${heading}\n${examples.map((line) => `  $ ${line}`).join('\n')}\n`);
}

/** The version in `package.json`. */
export function packageVersion(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(manifest)).version;
}

/**
 * Collects `STAGE.METRIC=keep|apply|NUMBER|NUMBER!`, or with the place of a literal in front; the last form confirms a number
 * stricter than what was observed.
 *
 * @throws InvalidArgumentError for anything else, or a metric named twice
 */
export function parseDecision(text: string, before: Record<string, string>): Record<string, string> {
  const [, metric, answer] = /^(.+)=([^=]*)$/s.exec(text) ?? [];
  const isNamed =
    metric !== undefined &&
    (/^[^=\s]+\.[^=\s.]+$/.test(metric) ||
      parsePlace(metric, 'x.yaml') !== null ||
      parsePlace(metric) !== null);
  if (!isNamed || answer === undefined || answer === '') {
    throw new InvalidArgumentError('decisions are written STAGE.METRIC=keep, =apply or =NUMBER.');
  }
  if (parseDecisionAnswer(answer) === null) {
    throw new InvalidArgumentError(`${metric}: ${answer} is no decision; valid: ${decisionAnswerForms}.`);
  }
  if (before[metric] !== undefined) throw new InvalidArgumentError(`${metric} is decided twice.`);
  return { ...before, [metric]: answer };
}

/** A port number, 0 to 65535. @throws InvalidArgumentError otherwise */
export function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535)
    throw new InvalidArgumentError('a port is a number from 0 to 65535.');
  return port;
}

/** A whole number of at least 1. @throws InvalidArgumentError otherwise */
export function parseCount(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || !Number.isSafeInteger(count)) {
    throw new InvalidArgumentError('a whole number of at least 1 is wanted.');
  }
  return count;
}

/** A number of repeats. @throws InvalidArgumentError for none, or more than a session can hold */
export function parseRepeats(text: string): number {
  const count = parseCount(text);
  if (count > sessionBounds.repeats) {
    throw new InvalidArgumentError(`at most ${sessionBounds.repeats} repeats: ${boundReason}.`);
  }
  return count;
}

/** GPU indices as in `0,1`. @throws InvalidArgumentError otherwise */
export function parseGpuList(text: string): number[] {
  if (!/^\d+(,\d+)*$/.test(text)) throw new InvalidArgumentError('GPU indices are written as in 0,1.');
  const indices = text.split(',').map(Number);
  if (new Set(indices).size !== indices.length) throw new InvalidArgumentError('a GPU is named twice.');
  return indices.sort((a, b) => a - b);
}

/** Where calib keeps what outlives a command and belongs to no session: the embedded server's file, worker logs. */
export function stateFolder(env: NodeJS.ProcessEnv): string {
  return join(env['XDG_STATE_HOME'] || join(homedir(), '.local', 'state'), 'calib');
}

/** A wish to stop, and the way to take back that it is listened to. */
export interface StopSignal {
  signal: AbortSignal;
  /** Leaves later signals to the system again. */
  release: () => void;
}

/**
 * Aborted by the first SIGINT, SIGTERM or SIGHUP; the second one is left to the system (ends at once).
 *
 * @param onStop called at the first one
 */
export function listenForStop(onStop: () => void): StopSignal {
  const controller = new AbortController();
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const release = () => {
    for (const name of names) process.off(name, stop);
  };
  const stop = () => {
    release();
    onStop();
    controller.abort();
  };
  for (const name of names) process.on(name, stop);
  return { signal: controller.signal, release };
}
