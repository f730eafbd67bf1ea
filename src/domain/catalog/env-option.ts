import { CalibError } from '../calib-error.ts';
import { isSecretVariableName, secretReason } from '../secrets/redact-secrets.ts';
import { reservedVariables } from './names.ts';

/** What `--env` gives a session's tests on top of the catalog. */
export interface EnvOption {
  /** `NAME=VALUE`: recorded with the session like a value of the catalog. */
  stated: Record<string, string>;
  /** `NAME`: taken from the shell that runs the command, and recorded nowhere. */
  passed: Record<string, string>;
}

const longestValue = 32_768;
const mostVariables = 200;

/**
 * Reads the values of `--env NAME[=VALUE]`; of several for one name the last counts.
 *
 * @param shell the environment from which a NAME without a value is taken
 * @throws CalibError `invalid-input` for what is no variable, may not be set, is a secret that would be recorded, or is not set
 */
export function parseEnvOption(given: readonly string[], shell: NodeJS.ProcessEnv): EnvOption {
  const option: EnvOption = { stated: {}, passed: {} };
  if (given.length > mostVariables)
    throw invalid(`--env is given ${given.length} times`, `at most ${mostVariables}`);
  for (const text of given) {
    const [, name, value] = /^([A-Za-z_][A-Za-z0-9_]*)(?:=([\s\S]*))?$/.exec(text) ?? [];
    if (name === undefined) throw invalid('--env: what is given is no variable', 'give NAME or NAME=VALUE');
    if (reservedVariables({ [name]: '' }, 'extra_env').length > 0) {
      throw invalid(`--env may not set ${name}`, 'leave it out: calib sets it itself for every launch');
    }
    const effective = value ?? shell[name];
    if (effective === undefined) {
      throw invalid(`--env ${name}: it is not set in this shell`, `export ${name}, or give ${name}=VALUE`);
    }
    if (effective.length > longestValue || effective.includes('\0')) {
      throw invalid(
        `--env ${name}: the value is too long or holds a NUL character`,
        `at most ${longestValue} characters`,
      );
    }
    Reflect.deleteProperty(option.stated, name);
    Reflect.deleteProperty(option.passed, name);
    if (value === undefined) option.passed[name] = effective;
    else option.stated[name] = recordable(name, value);
  }
  return option;
}

/** A stated value is recorded in the session's history and directory. */
function recordable(name: string, value: string): string {
  const reason =
    isSecretVariableName(name) && value !== '' ? 'the value of a secret variable' : secretReason(value);
  if (reason === null) return value;
  throw invalid(
    `--env ${name}=…: ${reason} would be recorded with the session`,
    `export it and give --env ${name} without a value: then it travels outside the history`,
  );
}

function invalid(message: string, remedy: string): CalibError {
  return new CalibError('invalid-input', message, { remedy });
}
