import { checkResult, type CheckResult, type Gap } from './check-result.ts';
import { findPin, matchesPin } from './pins.ts';
import type { PrecheckRequirements } from './requirements.ts';
import { shellWord } from './shell-word.ts';
import type { ProjectFacts, VenvFacts } from './venv-facts.ts';

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

/** The one command that calib ever suggests for packages: bring the venv up to the checkout (spec 04 §11). */
export function syncCommand(repoRoot: string, venvPython: string): string {
  return `cd ${shellWord(repoRoot)} && uv pip install --python ${shellWord(venvPython)} -e .`;
}

/** Compares installed versions with the checkout's pins (spec 04 §3). */
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
