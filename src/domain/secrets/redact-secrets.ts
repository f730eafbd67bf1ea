import { credentialShapes } from './secret-value.ts';

const mark = '[redacted]';

const shapes = credentialShapes.map((shape) => new RegExp(shape.source, `${shape.flags}g`));

/** `scheme://user:password@host`: what stands before the host. */
const userInUrl = /\b([a-z][a-z0-9+.-]*:\/\/)[^\s/:@]*:[^\s/@]+@/gi;

/** `--api-key VALUE`, `--token=VALUE`. */
const secretOption =
  /(--?[\w-]*(?:token|password|passwd|secret|api-?key|access-?key|private-?key|credentials?)(?:=|\s+))("[^"]*"|'[^']*'|[^\s-][^\s]*)/gi;

/** `HF_TOKEN=VALUE`, `"password": "VALUE"`. */
const secretAssignment =
  /(\b[\w-]*(?:TOKEN|PASSWORD|PASSWD|SECRET|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|CREDENTIALS?)["']?\s?[=:]\s?)("[^"]*"|'[^']*'|[^\s"',;]+)/gi;

/**
 * A text in which nothing looks like a credential any more: what stood there is replaced by `[redacted]`, the rest is as it
 * was (DESIGN "Secrets stay out"). For everything of foreign origin that goes into an artifact, a log line or a history:
 * command lines of processes, reasons that people type.
 */
export function redactSecrets(text: string): string {
  return redactCredentials(text).replace(secretOption, `$1${mark}`).replace(secretAssignment, `$1${mark}`);
}

/** The same for source code, where `token = read()` is no secret: only what is a credential by its own shape. */
export function redactCredentials(text: string): string {
  let redacted = text.replace(userInUrl, `$1${mark}@`);
  for (const shape of shapes) redacted = redacted.replace(shape, mark);
  return redacted;
}
