import { isSecretVariableName, secretReason } from '../../domain/secrets/secret-value.ts';
import { isPassedOnUnrecorded, isRecordedName } from './environment-names.ts';

export interface RecordableEnvironmentOptions {
  /** A pytest environment, secrets included. */
  env: Readonly<Record<string, string>>;
  /** Names that the catalog or the unit gave: recorded too, unless they look like secrets. */
  catalogNames: Iterable<string>;
}

/**
 * The part of a pytest environment that may stand in artifacts, logs and histories: names by allow-list, sorted, and of
 * those no value that looks like a credential (DESIGN "Secrets stay out").
 */
export function recordableEnvironment(options: RecordableEnvironmentOptions): Record<string, string> {
  const catalogNames = new Set(options.catalogNames);
  const entries = Object.entries(options.env)
    .filter(([name]) => isRecordedName(name) || catalogNames.has(name))
    .filter(([name, value]) => !isSecret(name, value));
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function isSecret(name: string, value: string): boolean {
  return isPassedOnUnrecorded(name) || isSecretVariableName(name) || secretReason(value) !== null;
}
