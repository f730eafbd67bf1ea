import { redactSecrets } from '../domain/secrets/redact-secrets.ts';

/**
 * A failure as it may stand in a history: nothing that looks like a credential in its message and stack, nor in those of
 * its causes. It stays the same object, because Temporal tells failures and cancellations apart by what they are.
 */
export function withoutSecrets<T>(failure: T): T {
  const seen = new Set<unknown>();
  for (let each: unknown = failure; each instanceof Error && !seen.has(each); each = each.cause) {
    seen.add(each);
    each.message = redactSecrets(each.message);
    if (each.stack !== undefined) each.stack = redactSecrets(each.stack);
  }
  return failure;
}
