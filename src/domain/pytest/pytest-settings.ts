import { argumentForms } from '../catalog/names.ts';

/** pytest's settings of a repository, as far as they can defeat a launch. */
export interface PytestSettings {
  /** Absolute path of the file that pytest reads them from. */
  file: string;
  /** The words of `addopts`. */
  addopts: readonly string[];
  /** Every other setting, as text. */
  options: Readonly<Record<string, string>>;
}

export interface JudgedSettings {
  /** Arguments that undo what can be undone; they follow `addopts` on pytest's own command line, so they win. */
  args: string[];
  /** One line for each setting that those undo. */
  neutralised: string[];
  /** One line for each setting that no argument undoes: with it a launch would not run every test once. */
  refused: string[];
}

/**
 * Always passed: neither may a failure end a file early, since later tests would leave no results, nor may pytest remove
 * the folders of tests that passed, where the results are.
 */
export const steadyArguments: readonly string[] = [
  '--maxfail=0',
  '-o',
  'tmp_path_retention_policy=all',
  '-o',
  'tmp_path_retention_count=3',
];

interface Rule {
  form: RegExp;
  /** What a launch is given against it, beyond `steadyArguments`; null where nothing helps. */
  against: readonly string[] | null;
  why: string;
}

const endsEarly = 'ends the file at a failure, before later tests have left their results';
const leavesOut = 'leaves tests out';
const repeats = 'runs a failed test again, which is measured twice and leaves its results elsewhere';
const workers = 'gives each worker a base temp of its own, where no result is looked for';

/** What in `addopts` would defeat a launch. Settings of a plugin are undone by the same plugin's own options. */
const addoptsRules: readonly Rule[] = [
  { form: /^-[vqslh]*x[a-z]*$/, against: [], why: endsEarly },
  { form: /^--(exitfirst|maxfail)(=|$)/, against: [], why: endsEarly },
  { form: /^(-o\s*|--override-ini[= ])tmp_path_retention_/, against: [], why: 'removes results' },
  { form: /^-n\s*\d*$|^-n\s*(auto|logical)$|^--numprocesses(=|$)/, against: ['-n0'], why: workers },
  { form: /^--(dist|tx)(=|$)/, against: ['--dist=no'], why: workers },
  { form: /^--reruns(=|$)/, against: ['--reruns=0'], why: repeats },
  { form: /^--retries(=|$)/, against: ['--retries=0'], why: repeats },
  { form: /^--(force-flaky|max-runs)(=|$)/, against: null, why: repeats },
  {
    form: /^--(stepwise|sw|stepwise-skip|sw-skip|stepwise-reset|sw-reset)(=|$)/,
    against: null,
    why: endsEarly,
  },
  { form: /^--(pdb|trace)$/, against: null, why: 'waits for a person at a debugger' },
  { form: /^--(lf|last-failed|ff|failed-first|nf|new-first)$/, against: null, why: leavesOut },
  {
    form: /^--(collect-only|collectonly|co|setup-only|setup-plan|fixtures|markers|version|help)$/,
    against: null,
    why: 'runs no test',
  },
  { form: /^-p\s*no:(tmpdir|legacypath)/, against: null, why: 'takes the base temp away, where results are' },
  { form: /^-p\s*no:junitxml/, against: null, why: 'takes away what tells outcomes and skip reasons' },
  { form: /^@/, against: null, why: 'reads arguments from a file' },
];

/** The same by a setting of its own. */
const optionRules: readonly (Omit<Rule, 'form'> & { name: string; harmless: RegExp })[] = [
  { name: 'tmp_path_retention_policy', harmless: /^all$/, against: [], why: 'removes results' },
  { name: 'tmp_path_retention_count', harmless: /^[1-9]\d*$/, against: [], why: 'removes results' },
  { name: 'reruns', harmless: /^0?$/, against: ['-o', 'reruns=0'], why: repeats },
  { name: 'retries', harmless: /^0?$/, against: ['-o', 'retries=0'], why: repeats },
];

/** What of a repository's settings would keep a launch from running every test once and leaving its results. */
export function judgePytestSettings(settings: PytestSettings | null): JudgedSettings {
  const judged: JudgedSettings = { args: [], neutralised: [], refused: [] };
  if (settings === null) return judged;
  const take = (what: string, { against, why }: Pick<Rule, 'against' | 'why'>): void => {
    const line = `${what} in ${settings.file} ${why}`;
    if (against === null) judged.refused.push(line);
    else {
      judged.neutralised.push(line);
      if (!judged.args.join(' ').includes(against.join(' '))) judged.args.push(...against);
    }
  };
  for (const form of argumentForms(settings.addopts)) {
    const rule = addoptsRules.find((each) => each.form.test(form));
    if (rule !== undefined) take(`addopts ${form}`, rule);
  }
  for (const rule of optionRules) {
    const value = settings.options[rule.name];
    if (value !== undefined && !rule.harmless.test(value.trim()))
      take(`${rule.name} = ${value.trim()}`, rule);
  }
  return judged;
}

/** How a refused setting is to be got out of the way. */
export const settingsRemedy =
  'take it out of that file for the calibration commit, or give the suite a file of its own without it: ' +
  'pytest_extra_args ["-c", "FILE"]';
