/** Shapes of credentials that are recognisable without knowing what they are for. */
export const credentialShapes: readonly RegExp[] = [
  /\bhf_[A-Za-z0-9]{16,}/,
  /\bgh[pousr]_[A-Za-z0-9]{20,}/,
  /\bgithub_pat_\w{20,}/,
  /\bglpat-[\w-]{16,}/,
  /\bsk-[\w-]{20,}/,
  /\bxox[abeprs]-[\w-]{10,}/,
  /\b(AKIA|ASIA)[A-Z0-9]{16}\b/,
  /\bAIza[\w-]{35}/,
  /\bpypi-[\w-]{32,}/,
  /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]+/,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[\s\S]{0,8000}?-----END [A-Z ]*PRIVATE KEY-----)?/,
];

/** `scheme://user:password@host`, and over HTTP a token alone; `ssh://git@host` names a user and is no secret. */
const credentialsInUrl = /\b(?:[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:[^\s/@]+@|https?:\/\/[^\s/@?#]+@)/i;

const secretVariableName =
  /(^|_)(TOKEN|PASSWORD|PASSWD|SECRET|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|CREDENTIALS?)$/i;

/**
 * Why a text may not stand in the catalog, which is shared and recorded: it looks like a token or holds a URL with
 * credentials. Null when it looks harmless; that is no proof that it is.
 */
export function secretReason(value: string): string | null {
  if (credentialsInUrl.test(value)) {
    return 'a URL with credentials';
  }
  return credentialShapes.some((shape) => shape.test(value))
    ? 'something that looks like a token or key'
    : null;
}

/** Whether a variable of this name holds a secret by convention, such as `HF_TOKEN`. */
export function isSecretVariableName(name: string): boolean {
  return secretVariableName.test(name);
}

const mark = '[redacted]';

const shapes = credentialShapes.map((shape) => new RegExp(shape.source, `${shape.flags}g`));

/** `scheme://user:password@host` and `scheme://token@host`: what stands before the host. */
const userInUrl = /\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@?#]+@/gi;

/** `--api-key VALUE`, `--token=VALUE`. */
const secretOption =
  /(--?[\w-]*(?:token|password|passwd|secret|api-?key|access-?key|private-?key|credentials?)(?:=|\s+))("[^"]*"|'[^']*'|[^\s-][^\s]*)/gi;

/** `HF_TOKEN=VALUE`, `"password": "VALUE"`. */
const secretAssignment =
  /(\b[\w-]*(?:TOKEN|PASSWORD|PASSWD|SECRET|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|CREDENTIALS?)["']?\s?[=:]\s?)("[^"]*"|'[^']*'|[^\s"',;]+)/gi;

/**
 * A text in which nothing looks like a credential any more: what stood there is replaced by `[redacted]`, the rest is
 * as it was (DESIGN "Secrets stay out"). For everything of foreign origin that goes into an artifact, a log line or a
 * history:
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
