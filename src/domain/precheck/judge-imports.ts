import { checkResult, type CheckResult, type Gap } from './check-result.ts';
import { syncCommand } from './judge-pins.ts';
import { shellWord } from './shell-word.ts';
import type { ImportReading } from './venv-facts.ts';

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

/** Whether the modules import and torch sees the GPUs it was given (spec 04 §10 gate 2). */
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
