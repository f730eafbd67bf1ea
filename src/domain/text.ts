import type { z } from 'zod';

import { issueText } from './issue-text.ts';

/** `YYYY-MM-DDTHH:MM:SSZ`, the one time format of every artifact. */
export function utcTimestamp(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

/** `YYYYMMDDTHHMMSSZ`, the time part of a run directory's name. */
export function compactUtcTimestamp(date: Date): string {
  return utcTimestamp(date).replaceAll(/[-:]/g, '');
}

/** `1 line`, `3 lines`: a number with its regular noun. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/**
 * What is wrong with a document, in a line: its first wrong key, and what was expected there.
 *
 * @param whole what the document is called when it is wrong as a whole
 */
export function firstIssue(error: Pick<z.ZodError, 'issues'>, whole = 'document'): string {
  const issue = error.issues[0];
  return `${issue?.path.join('.') || whole}: ${issue === undefined ? 'is not valid' : issueText(issue)}`;
}

/**
 * What an error says, for a sentence of calib's own; of anything else that was thrown its text. A failed validation says
 * what is wrong in words: its message is a JSON dump of the library's issues, which nobody should have to read.
 */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return isValidationError(error) ? firstIssue(error) : error.message;
}

/** By its shape: the library itself is not loaded for this, which every command would wait for. */
function isValidationError(error: Error): error is Error & Pick<z.ZodError, 'issues'> {
  return /^\$?ZodError$/.test(error.name) && 'issues' in error && Array.isArray(error.issues);
}
