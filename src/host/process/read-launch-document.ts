import { readFile } from 'node:fs/promises';

import type { z } from 'zod';

import { hasCode } from '../files/has-code.ts';

/** What stands at a path: nothing, a valid document, or something else. */
export type DocumentReading<T> =
  | { kind: 'missing' }
  | { kind: 'read'; document: T }
  | { kind: 'unreadable'; reason: string };

/** Reads one of the supervisor's JSON files; the reason for an unreadable one names the file. */
export async function readLaunchDocument<T>(path: string, schema: z.ZodType<T>): Promise<DocumentReading<T>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return { kind: 'missing' };
    return { kind: 'unreadable', reason: `${path}: ${String(error)}` };
  }
  try {
    const parsed = schema.safeParse(JSON.parse(text));
    if (parsed.success) return { kind: 'read', document: parsed.data };
    return { kind: 'unreadable', reason: `${path}: ${parsed.error.issues[0]?.message ?? 'invalid'}` };
  } catch {
    return { kind: 'unreadable', reason: `${path}: not JSON` };
  }
}
