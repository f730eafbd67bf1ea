import { CalibError } from '../../domain/calib-error.ts';
import { refusedPytestArguments } from '../../domain/catalog/refused-pytest-arguments.ts';

export interface PytestCommandOptions {
  /** Absolute path of the calibration interpreter. */
  venvPython: string;
  /** Repository-relative path of the test file. */
  test: string;
  /** Absolute path of this launch's base temp folder. */
  baseTemp: string;
  /** The unit's `pytest_args`. */
  extraArgs?: readonly string[];
}

/**
 * The command line of one launch (spec 05 §6).
 *
 * @throws CalibError `invalid-input` when an extra argument may not reach pytest: the last gate, behind the catalog's.
 */
export function buildPytestCommand(options: PytestCommandOptions): string[] {
  const extraArgs = options.extraArgs ?? [];
  refuseArguments(extraArgs);
  return [
    options.venvPython,
    '-m',
    'pytest',
    options.test,
    '-v',
    '-s',
    `--basetemp=${options.baseTemp}`,
    ...extraArgs,
  ];
}

function refuseArguments(args: readonly string[]): void {
  const refused = refusedPytestArguments(args);
  if (refused.length === 0) return;
  throw new CalibError('invalid-input', `pytest may not be given ${refused.join(', ')}`, {
    remedy:
      'remove it from pytest_extra_args: every test of a file must run, below the base temp folder that calib chose',
  });
}
