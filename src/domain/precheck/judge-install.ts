import { checkResult, type CheckResult, type Gap } from './check-result.ts';
import { syncCommand } from './judge-pins.ts';
import type { VenvFacts } from './venv-facts.ts';

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

/** Whether the venv runs this checkout's code (spec 04 §10 gate 2). */
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
