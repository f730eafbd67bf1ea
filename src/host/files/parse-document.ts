import type { z } from 'zod';

import { firstIssue } from '../../domain/first-issue.ts';
import { messageOf } from '../../domain/message-of.ts';

/**
 * The JSON document in a file's bytes.
 *
 * @throws Error that says in a line what is wrong: that it is not JSON, or its first wrong key
 */
export function parseDocument<T>(bytes: Buffer, schema: z.ZodType<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new Error(`not JSON: ${messageOf(cause)}`, { cause });
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new Error(firstIssue(parsed.error));
  return parsed.data;
}
