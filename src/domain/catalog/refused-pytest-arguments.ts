/** Single-letter pytest flags that take no value, so that `-vsx` is read as `-v -s -x`. */
const earlyExitCluster = /^-[vqslh]*x[a-z]*$/;

const refusedForms: readonly RegExp[] = [
  earlyExitCluster,
  /^--(exitfirst|maxfail|stepwise|sw|stepwise-skip|sw-skip)(=|$)/,
  /^--basetemp(=|$)/,
  // Each worker of a distributed run gets its own base temp, so that no configured result path would be right.
  /^(-n\d*|--numprocesses|--dist)(=|$)/,
  /^-p\s*no:(tmpdir|legacypath)/,
  /tmp_path_retention_(count|policy)/,
];

/**
 * The arguments that may never reach pytest: those that end a file before all of its tests ran (metrics of the later
 * ones would stay null), and those that move or remove the base temp directory in which results are found
 * (spec 05 §6).
 *
 * @param args a model config's `pytest_extra_args` entry, or the words of `PYTEST_ADDOPTS`
 * @returns the offending arguments as given, empty when all are fine
 */
export function refusedPytestArguments(args: readonly string[]): string[] {
  return args.flatMap((argument, index) => {
    const next = args[index + 1];
    const form = argument === '-p' && next !== undefined ? `-p ${next}` : argument;
    return refusedForms.some((refused) => refused.test(form)) ? [form] : [];
  });
}
