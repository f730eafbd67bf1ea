import { z } from 'zod';

import { firstIssue } from '../first-issue.ts';
import { redactSecrets } from '../secrets/redact-secrets.ts';

/** What a person typed ends in artifacts. */
const reason = z.string().max(1000).transform(redactSecrets).optional();
const commandId = z.string().min(1).max(200);

/** What the handlers take. `id` makes a second delivery harmless; without one each delivery is a new command. */
export const commandSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('pause'), id: commandId }),
  z.object({ kind: z.literal('resume'), id: commandId }),
  z.object({
    kind: z.literal('purge'),
    id: commandId,
    stage: z.string().optional(),
    test: z.string().optional(),
    repeat: z.number().int().positive(),
    reason,
  }),
  z.object({
    kind: z.literal('apply'),
    id: commandId,
    mode: z.enum(['report', 'smart', 'full']),
    decide: z.record(z.string(), z.string()).default({}),
  }),
  z.object({ kind: z.literal('abort'), id: commandId, reason }),
]);
export type Command = z.infer<typeof commandSchema>;
export type CommandKind = Command['kind'];

export const commandKinds: readonly CommandKind[] = ['pause', 'resume', 'purge', 'apply', 'abort'];

/** The payload of one kind's signal or update: the command without its kind; the id may be left out. */
export type CommandPayload = Record<string, unknown> | undefined;

/**
 * Reads a handler's payload. Gives the command, or one line saying which key is wrong and what would be valid:
 * a bad signal must never fail a workflow task.
 */
export function parseCommand(
  kind: CommandKind,
  payload: unknown,
  fallbackId: string,
): { ok: true; command: Command } | { ok: false; message: string } {
  const given = payload === undefined || payload === null ? {} : payload;
  if (typeof given !== 'object' || Array.isArray(given)) {
    return { ok: false, message: `${kind}: the payload must be a JSON object` };
  }
  const parsed = commandSchema.safeParse({ id: fallbackId, ...given, kind });
  if (parsed.success) return { ok: true, command: parsed.data };
  return { ok: false, message: `${kind}: ${firstIssue(parsed.error, 'payload')}` };
}
