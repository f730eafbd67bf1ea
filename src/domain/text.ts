import type { z } from 'zod';

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
export function firstIssue(error: z.ZodError, whole = 'document'): string {
  const issue = error.issues[0];
  return `${issue?.path.join('.') || whole}: ${issue?.message ?? 'invalid'}`;
}

/** What an error says, for a sentence of calib's own; of anything else that was thrown its text. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
