import type { z } from 'zod';

/**
 * What is wrong with a document, in a line: its first wrong key, and what was expected there.
 *
 * @param whole what the document is called when it is wrong as a whole
 */
export function firstIssue(error: z.ZodError, whole = 'document'): string {
  const issue = error.issues[0];
  return `${issue?.path.join('.') || whole}: ${issue?.message ?? 'invalid'}`;
}
