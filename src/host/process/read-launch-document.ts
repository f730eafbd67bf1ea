import { readFile } from 'node:fs/promises';

import type { z } from 'zod';

import { messageOf } from '../../domain/message-of.ts';
import { hasCode } from '../files/has-code.ts';
import { parseDocument } from '../files/parse-document.ts';

/** What stands at a path: nothing, a valid document, or something else. */
export type DocumentReading<T> =
  | { kind: 'missing' }
  | { kind: 'read'; document: T }
  | { kind: 'unreadable'; reason: string };

/** Reads one of the supervisor's JSON files; the reason for an unreadable one names the file. */
export async function readLaunchDocument<T>(path: string, schema: z.ZodType<T>): Promise<DocumentReading<T>> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return { kind: 'missing' };
    return { kind: 'unreadable', reason: `${path}: ${messageOf(error)}` };
  }
  try {
    return { kind: 'read', document: parseDocument(bytes, schema) };
  } catch (error) {
    return { kind: 'unreadable', reason: `${path}: ${messageOf(error)}` };
  }
}
