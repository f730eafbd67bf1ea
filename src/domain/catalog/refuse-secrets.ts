import { CalibError } from '../calib-error.ts';
import { isSecretVariableName, secretReason } from '../secrets/secret-value.ts';
import type { YamlTree } from './yaml-tree.ts';

/** Every string of the document with its path, so that no part of it escapes the search for secrets. */
function* strings(
  value: unknown,
  path: PropertyKey[] = [],
): Generator<{ path: PropertyKey[]; text: string }> {
  if (typeof value === 'string') {
    yield { path, text: value };
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, child] of Object.entries(value)) {
      yield* strings(child, [...path, key]);
    }
  }
}

function isEnvironmentPath(path: readonly PropertyKey[]): boolean {
  return path.some((segment) => segment === 'auto_env' || segment === 'extra_env' || segment === 'env');
}

/**
 * The catalog is shared and recorded with every session, so nothing in it may be a secret (spec 01 §11).
 *
 * @throws CalibError `invalid-input` naming the places, never the values
 */
export function refuseSecrets(file: string, tree: YamlTree): void {
  const found = [...strings(tree.value)].flatMap(({ path, text }) => {
    const named = isEnvironmentPath(path) && isSecretVariableName(String(path.at(-1))) && text !== '';
    const reason = secretReason(text) ?? (named ? 'a value for a secret variable' : null);
    const { line, column } = tree.locate(path);
    const key = path.map(String).join('.');
    return reason === null ? [] : [`${file}:${line}:${column}: ${key}: found ${reason} (not shown)`];
  });
  if (found.length > 0) {
    throw new CalibError('invalid-input', found.join('\n'), {
      remedy:
        'keep secrets in the environment of the worker; the catalog is shared and recorded with every session',
    });
  }
}
