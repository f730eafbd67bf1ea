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
  // The same without saying it: arguments read from a file, and `addopts` set from the command line.
  /^@/,
  /^(-o\s*|--override-ini[= ])addopts\s*=/,
];

const flagsWithValue = new Set(['-p', '-o', '--override-ini']);

/**
 * The arguments that may never reach pytest: those that end a file before all of its tests ran or leave tests of it out
 * (their metrics would stay null), and those that move or remove the base temp directory in which results are found
 * (spec 05 §6).
 *
 * @param args a model config's `pytest_extra_args` entry, or a unit's arguments
 * @returns the offending arguments as given, a flag with its value as one; empty when all are fine
 */
export function refusedPytestArguments(args: readonly string[]): string[] {
  const forms = args.flatMap((argument, index) => {
    if (flagsWithValue.has(args[index - 1] ?? '')) return [];
    const value = flagsWithValue.has(argument) ? args[index + 1] : undefined;
    return [value === undefined ? argument : `${argument} ${value}`];
  });
  return forms.filter((form) => refusedForms.some((refused) => refused.test(form)));
}
