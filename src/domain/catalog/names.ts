import { CalibError } from '../calib-error.ts';
import { isSecretVariableName, secretReason } from '../secrets/redact-secrets.ts';
import type { YamlTree } from './yaml.ts';

/** Last segment of a slash-separated path: what the maps by test file of a model config are keyed by. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** How many slips part two texts: edit distance, two swapped neighbours being one (optimal string alignment). */
export function editDistance(left: string, right: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[row - 1] === right[column - 1];
      let best = Math.min(
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + (same ? 0 : 1),
      );
      const swapped = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      if (swapped && row > 1 && column > 1) {
        best = Math.min(best, (beforePrevious[column - 2] ?? 0) + 1);
      }
      current.push(best);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[right.length] ?? 0;
}

/**
 * The known name that somebody who typed `wanted` most likely meant: a small number of slips, or a name that
 * begins with what was typed.
 *
 * @returns null when nothing is near; among equals, the first of `known`
 */
export function nearestName(wanted: string, known: readonly string[]): string | null {
  const lowered = wanted.toLowerCase();
  let best: { name: string; distance: number } | null = null;
  for (const name of known) {
    const distance = editDistance(lowered, name.toLowerCase());
    if (best === null || distance < best.distance) {
      best = { name, distance };
    }
  }
  // A third of the word may be wrong, but always one slip and never more than four.
  const tolerated = Math.max(1, Math.min(4, Math.floor(wanted.length / 3)));
  if (best !== null && best.distance <= tolerated) {
    return best.name;
  }
  const longEnough = lowered.length >= 3;
  return (longEnough ? known.find((name) => name.toLowerCase().startsWith(lowered)) : undefined) ?? null;
}

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
 * The catalog is shared and recorded with every session, so nothing in it may be a secret.
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

/** Single-letter pytest flags that take no value, so that `-vsx` is read as `-v -s -x`. */
const earlyExitCluster = /^-[vqslh]*x[a-z]*$/;

const refusedForms: readonly RegExp[] = [
  earlyExitCluster,
  /^--(exitfirst|maxfail|stepwise|sw|stepwise-skip|sw-skip)(=|$)/,
  // No test at all, and an exit status of 0.
  /^--(collect-only|collectonly|co|setup-only|setup-plan|fixtures|markers|version|help)$/,
  // A second run would measure only what failed in the first.
  /^--(lf|last-failed|ff|failed-first|nf|new-first)$/,
  /^--basetemp(=|$)/,
  // Each worker of a distributed run gets its own base temp, so that no configured result path would be right.
  /^(-n\d*|--numprocesses|--dist)(=|$)/,
  /^-p\s*no:(tmpdir|legacypath)/,
  /tmp_path_retention_(count|policy)/,
  // calib reads the outcomes of tests from a file of its own.
  /^--junit-?xml(=|$)/,
  /^-p\s*no:junitxml/,
  // A failed test is data; run again it would be measured twice, in another folder.
  /^--(reruns|retries|force-flaky|max-runs)(=|$)/,
  // Nobody is there to answer a debugger.
  /^--(pdb|trace)$/,
  // The same without saying it: arguments read from a file, and `addopts` set from the command line.
  /^@/,
  /^(-o\s*|--override-ini[= ])addopts\s*=/,
];

const flagsWithValue = new Set(['-p', '-o', '--override-ini']);

/**
 * The arguments that may never reach pytest: those that end a file before all of its tests ran or leave tests of it out
 * (their metrics would stay null), and those that move or remove the base temp directory in which results are found.
 *
 * @param args a model config's `pytest_extra_args` entry, or a unit's arguments
 * @returns the offending arguments as given, a flag with its value as one; empty when all are fine
 */
export function refusedPytestArguments(args: readonly string[]): string[] {
  return argumentForms(args).filter((form) => refusedForms.some((refused) => refused.test(form)));
}

/** pytest's arguments, a flag whose value is an argument of its own together with it, by a space. */
export function argumentForms(args: readonly string[]): string[] {
  return args.flatMap((argument, index) => {
    if (flagsWithValue.has(args[index - 1] ?? '')) return [];
    const value = flagsWithValue.has(argument) ? args[index + 1] : undefined;
    return [value === undefined ? argument : `${argument} ${value}`];
  });
}

/** What calib sets itself for every launch: a unit that sets one of these would silently undo a rule. */
const reservedInUnits: ReadonlySet<string> = new Set([
  'PATH',
  'PYTHONPATH',
  'PYTEST_ADDOPTS',
  'PYTHONUNBUFFERED',
  'CUDA_VISIBLE_DEVICES',
  'CUDA_DEVICE_ORDER',
  'SPT_NOENV',
]);

/**
 * The variables of a map that the catalog may not set.
 *
 * @param scope `auto_env` may extend `PATH` and the like, which calib puts its own part in front of; `extra_env` may
 * not
 */
export function reservedVariables(
  variables: Readonly<Record<string, string>>,
  scope: 'auto_env' | 'extra_env',
): string[] {
  return Object.keys(variables).filter(
    (name) =>
      name.startsWith('CALIB_') ||
      (scope === 'extra_env' ? reservedInUnits.has(name) : name === 'PYTEST_ADDOPTS'),
  );
}
