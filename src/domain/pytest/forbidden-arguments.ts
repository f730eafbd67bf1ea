import { CalibError } from '../calib-error.ts';
import { refusedPytestArguments } from '../catalog/refused-pytest-arguments.ts';

/** Ways to say the same without saying it: arguments read from a file, and `addopts` set from the command line. */
const hiddenForms: readonly RegExp[] = [/^@/, /^(-o\s*|--override-ini[= ])addopts\s*=/];
/** Runs no test at all, and ends with 0. */
const testlessForms: readonly RegExp[] = [
  /^--(collect-only|collectonly|co|setup-only|setup-plan|fixtures|markers|version|help)$/,
  // A second run would measure only what failed in the first.
  /^--(lf|last-failed|ff|failed-first|nf|new-first)$/,
];

/**
 * Refuses arguments that would end a test file early, leave tests of it out, or move the base temp folder (spec 05 §6:
 * "never `-x`"), hidden forms included. The last gate before a launch; the catalogue has its own.
 *
 * @throws CalibError `invalid-input`, naming the arguments.
 */
export function refuseForbiddenArguments(args: readonly string[]): void {
  const hidden = args.flatMap((argument, index) => {
    const takesNext = argument === '-o' || argument === '--override-ini';
    const form = takesNext ? `${argument} ${args[index + 1] ?? ''}` : argument;
    return [...hiddenForms, ...testlessForms].some((refused) => refused.test(form)) ? [form] : [];
  });
  const refused = [...refusedPytestArguments(args), ...hidden];
  if (refused.length === 0) return;
  throw new CalibError('invalid-input', `pytest may not be given ${refused.join(', ')}`, {
    remedy:
      'Remove it from pytest_extra_args: every test of a file must run, below the base temp folder that calib chose.',
  });
}
