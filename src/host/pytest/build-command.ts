import { refuseForbiddenArguments } from '../../domain/pytest/forbidden-arguments.ts';

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
 * @throws CalibError when an extra argument is forbidden.
 */
export function buildPytestCommand(options: PytestCommandOptions): string[] {
  const extraArgs = options.extraArgs ?? [];
  refuseForbiddenArguments(extraArgs);
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
