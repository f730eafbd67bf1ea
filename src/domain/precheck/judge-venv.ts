import { checkCatalogEnvironment } from '../catalog/environment.ts';
import { concerns } from '../selection/select.ts';
import { checkResult, type CheckResult, type Gap } from './checks.ts';
import { findPin, matchesPin } from '../python-packages/python-requirements.ts';
import type { PrecheckRequirements } from './requirements.ts';
import { shellWord } from './shell-word.ts';
import type { ImportReading, ProjectFacts, VenvFacts } from './venv-facts.ts';

/** The effective environment with its provenance, and what is wrong in it. */
export function judgeEnvironment({
  environment,
  host,
}: Pick<PrecheckRequirements, 'environment' | 'host'>): CheckResult {
  const physical = host?.hf_hub ? { physical: { hf_hub: host.hf_hub } } : null;
  const errors = checkCatalogEnvironment(environment, physical).map(({ message }): Gap => ({
    message,
    remedies: [
      host === null
        ? "correct auto_env or omni_ci_home in the model's config.yaml"
        : `correct physical in ${host.file}, or auto_env in the model's config.yaml`,
    ],
  }));
  const details = environment.map(({ name, value, source }) => `auto env: ${name}=${value} (${source})`);
  const lines = environment.length === 0 ? ['environment: nothing set'] : ['environment:', ...details];
  return checkResult({ id: 'environment', lines, errors, applies: environment.length > 0 });
}

/** A folder of the calibration slice. */
export interface SliceFolder {
  path: string;
  state: 'writable' | 'read-only' | 'missing' | 'not a folder';
}

/** Names of the two folders below `OMNI_CI_HOME`. */
export const sliceFolderNames = ['.cache', '.torchinductor'] as const;

/** Whether the slice folders exist and can be written; null when the environment has no `OMNI_CI_HOME`. */
export function judgeSlice(folders: readonly SliceFolder[] | null): CheckResult {
  if (folders === null) {
    return checkResult({ id: 'slice', lines: ['slice directories: no OMNI_CI_HOME'], applies: false });
  }
  const bad = folders.filter(({ state }) => state !== 'writable');
  const details = folders.map(({ path, state }) => `${state === 'writable' ? '✓' : '✗'} ${path} (${state})`);
  const errors = bad.map(({ path, state }): Gap => {
    const word = shellWord(path);
    switch (state) {
      case 'missing':
        return { message: `slice directory ${path} does not exist`, remedies: [`mkdir -p ${word}`] };
      case 'not a folder':
        return { message: `slice directory ${path} is not a folder`, remedies: [`ls -ld ${word}`] };
      default:
        return { message: `slice directory ${path} cannot be written`, remedies: [`chmod u+rwx ${word}`] };
    }
  });
  return checkResult({ id: 'slice', lines: ['slice directories:', ...details], errors });
}

export interface PinsQuestion {
  rules: PrecheckRequirements['pins'];
  project: ProjectFacts;
  venv: VenvFacts;
  /** Mismatches become warnings (`--skip-version-check`); a package that is not installed stays an error. */
  skipVersionCheck: boolean;
  repoRoot: string;
  venvPython: string;
}

export interface PinsAnswer {
  result: CheckResult;
  /** Package → installed version, null when it is not installed. */
  versions: Record<string, string | null>;
  /** Package → pinned version, null when the checkout pins none. */
  pins: Record<string, string | null>;
}

/** The one command that calib ever suggests for packages: bring the venv up to the checkout. */
export function syncCommand(repoRoot: string, venvPython: string): string {
  return `cd ${shellWord(repoRoot)} && uv pip install --python ${shellWord(venvPython)} -e .`;
}

/** Compares installed versions with the checkout's pins. */
export function judgePins(question: PinsQuestion): PinsAnswer {
  const { rules, venv, project } = question;
  const errors: Gap[] = [];
  const warnings: string[] = [];
  const answer: PinsAnswer = { result: checkResult({ id: 'pins', lines: [] }), versions: {}, pins: {} };
  const details = rules.map(({ package: name, match }) => {
    const installed = venv.versions[name] ?? null;
    const { version: pin, written } = findPin(project.dependencies, name, venv.markers);
    answer.versions[name] = installed;
    answer.pins[name] = pin;
    const ok = installed !== null && pin !== null && matchesPin(installed, pin, match);
    if (!ok) {
      const message = mismatchText({ name, match, installed, pin, written, python: question.venvPython });
      if (installed !== null && question.skipVersionCheck) {
        warnings.push(message);
      } else {
        errors.push({ message, remedies: [syncCommand(question.repoRoot, question.venvPython)] });
      }
    }
    return `${name}: ${installed ?? 'not installed'} (pin ${pin ?? 'none'}) [${ok ? 'ok' : 'mismatch'}]`;
  });
  const lines = rules.length === 0 ? ['pins: none configured'] : ['pins:', ...details];
  answer.result = checkResult({ id: 'pins', lines, errors, warnings, applies: rules.length > 0 });
  return answer;
}

interface Mismatch {
  name: string;
  match: 'exact' | 'release';
  installed: string | null;
  pin: string | null;
  written: string[];
  python: string;
}

function mismatchText({ name, match, installed, pin, written, python }: Mismatch): string {
  if (installed === null) {
    return `${name} is not installed for ${python}${pin === null ? '' : ` (pyproject.toml pins ${pin})`}`;
  }
  if (pin === null) {
    const found = written.length === 0 ? 'nothing' : written.map((text) => `"${text}"`).join(', ');
    return `${name} ${installed} is installed, but pyproject.toml has no exact pin for it in project.dependencies: found ${found}`;
  }
  const wanted = match === 'exact' ? 'exactly that version' : 'that release, with any local suffix';
  return `${name} ${installed} is installed, pyproject.toml pins ${pin}: wanted ${wanted}`;
}

export interface ImportsQuestion {
  modules: readonly string[];
  reading: ImportReading;
  /** GPUs that the process was given; null when no GPU is needed or none could be read. */
  gpusGiven: number | null;
  repoRoot: string;
  venvPython: string;
  /** Whether the checkout is a project that can be installed. */
  isProject: boolean;
  /** Whether the environment has an `OMNI_CI_HOME`, which the preparation script of that suite may delete. */
  hasSlice: boolean;
}

/** What runs the tests, whatever else they need. */
export const testRunner = 'pytest';

const lastResort =
  "if that does not help: the repository's own preparation script rebuilds the venv, but its fresh path deletes $OMNI_CI_HOME; " +
  'calib never runs it';

/** Whether the modules import and torch sees the GPUs it was given. */
export function judgeImports(question: ImportsQuestion): CheckResult {
  const { modules, reading, venvPython } = question;
  const headline = `imports: ${modules.join(', ')}`;
  if (reading.kind === 'failed') {
    const message = `importing ${modules.join(', ')} with ${venvPython} failed: ${reading.message}`;
    return checkResult({
      id: 'imports',
      lines: [headline],
      errors: [{ message, remedies: remediesFor(question, modules) }],
    });
  }
  const { errors: failures, cuda } = reading.facts;
  const failed = modules.filter((name) => failures[name] !== null);
  const reasons = failed.map((name) => `${name} (${failures[name] ?? 'no answer'})`);
  const errors: Gap[] =
    failed.length === 0
      ? []
      : [
          {
            message: `these do not import in ${venvPython}: ${reasons.join(', ')}`,
            remedies: remediesFor(question, failed),
          },
        ];
  const details = modules.map((name) => `${failures[name] === null ? '✓' : '✗'} ${name}`);
  if (cuda !== null && question.gpusGiven !== null) {
    const sees = `torch sees ${cuda.available ? cuda.count : 'no'} GPU(s), CUDA ${cuda.version ?? 'unknown'}`;
    details.push(sees);
    if (!cuda.available || cuda.count !== question.gpusGiven) {
      errors.push({
        message: `${sees}, but was given ${question.gpusGiven}`,
        remedies: ["compare the driver's CUDA version (nvidia-smi) with the one torch was built for"],
      });
    }
  }
  return checkResult({ id: 'imports', lines: [headline, ...details], errors });
}

/** What closes the gap of modules that do not import, each by its name. */
function remediesFor(question: ImportsQuestion, modules: readonly string[]): string[] {
  const { repoRoot, venvPython } = question;
  const others = modules.filter((name) => name !== testRunner);
  const ofSuite = [
    ...(question.isProject ? [syncCommand(repoRoot, venvPython)] : []),
    ...others.map((name) => `see why: ${shellWord(venvPython)} -c 'import ${name}'`),
    `install what provides ${others.join(', ')}; or, where no test needs it, take it out of imports in the model's config.yaml`,
    ...(question.hasSlice ? [lastResort] : []),
  ];
  return [
    ...(modules.includes(testRunner)
      ? [
          `${shellWord(venvPython)} -m pip install ${testRunner}`,
          'or name the interpreter that has it: --venv-python FILE, TUNE_VENV_PYTHON, venv_python in the host profile',
        ]
      : []),
    ...(others.length > 0 ? ofSuite : []),
  ];
}

export interface InstallQuestion {
  /** `project.name` of the checkout, null when it has none. */
  projectName: string | null;
  install: VenvFacts['project'];
  /** Whether the URL of the install is the checkout, links resolved. */
  pointsHere: boolean;
  /** Whether the project's own module must import; a suite without one runs from the checkout alone. */
  needed: boolean;
  repoRoot: string;
  venvPython: string;
}

/** Whether the venv runs this checkout's code. */
export function judgeInstall(question: InstallQuestion): CheckResult {
  const { projectName, install, needed } = question;
  const gap = (message: string): Gap => ({
    message,
    remedies: [syncCommand(question.repoRoot, question.venvPython)],
  });
  if (projectName === null || (install === null && !needed)) {
    return checkResult({ id: 'install', lines: ['install: no editable install needed'], applies: false });
  }
  if (install === null) {
    const message = `${projectName} is not installed for ${question.venvPython}: the tests would run without its console scripts`;
    return checkResult({ id: 'install', lines: [`install: ${projectName} missing`], errors: [gap(message)] });
  }
  const what = `${projectName} ${install.version}`;
  if (!install.editable) {
    const message = `${what} is installed as a copy, so the tests may run other code than ${question.repoRoot} holds`;
    return checkResult({ id: 'install', lines: [`install: ${what}, not editable`], errors: [gap(message)] });
  }
  if (!question.pointsHere) {
    const message = `${what} is installed from ${install.url ?? 'an unknown place'}, not from ${question.repoRoot}`;
    return checkResult({ id: 'install', lines: [`install: ${what} from elsewhere`], errors: [gap(message)] });
  }
  return checkResult({ id: 'install', lines: [`install: ${what}, editable from this checkout`] });
}

/** What is about to be checked, and whether the catalog can be calibrated as a whole. */
export function judgeScope(
  model: string,
  { host, warnings, preset_problems: problems }: PrecheckRequirements,
): CheckResult {
  const handoff = [
    ...(host?.goal ? [`handoff goal: ${host.goal}`] : []),
    ...(host?.run_dirs ?? []).map((runDir) => `handoff run directory: ${runDir}`),
  ];
  return checkResult({
    id: 'model',
    lines: [`model: ${model}`, ...handoff],
    warnings,
    errors: problems.map((message) => ({ message, remedies: [`calib discover --model ${model}`] })),
  });
}

/**
 * Why the precheck may not be skipped, null when it may: recognition tests are the ones whose numbers a wrong
 * environment changes without a failure.
 *
 * @param tests paths of the selected test files
 */
export function skipRefusal(tests: readonly string[]): string | null {
  const asr = [...new Set(tests)].filter((test) => concerns({ test }, 'asr'));
  return asr.length === 0
    ? null
    : `--skip-precheck is refused while ASR stages are selected (${asr.join(', ')})`;
}
