import type { CheckResult, Gap } from '../../domain/precheck/checks.ts';
import { judgeImports, testRunner } from '../../domain/precheck/judge-venv.ts';
import { hasSlice } from '../../domain/precheck/requirements.ts';
import { planRequirements } from '../../domain/precheck/stage-needs.ts';
import type { SessionPlan } from '../../domain/session/session-plan.ts';
import { checkInterpreter } from './machine.ts';
import { childEnvironment } from './precheck-request.ts';
import { checkPytestSettings, readImports } from './venv.ts';

/**
 * What makes a start hopeless, as far as this machine tells within seconds: no interpreter, none with pytest, settings of the
 * repository that no launch can undo. The session's own precheck looks at everything.
 *
 * @param env calib's own environment
 * @returns the gaps; empty where the session may be started
 */
export async function startGaps(plan: SessionPlan, env: NodeJS.ProcessEnv): Promise<Gap[]> {
  const requirements = planRequirements(plan);
  const { repo_root: repoRoot, venv_python: venvPython, venv_source: venvSource } = plan;
  const interpreter = await checkInterpreter({ requirements, venvPython, venvSource });
  if (interpreter.errors.length > 0) return interpreter.errors;
  const checks: CheckResult[] = await Promise.all([
    checkRunner(plan, childEnvironment({ env, requirements })),
    checkPytestSettings({ requirements, repoRoot }),
  ]);
  return checks.flatMap(({ errors }) => errors);
}

async function checkRunner(plan: SessionPlan, env: Record<string, string>): Promise<CheckResult> {
  const { repo_root: repoRoot, venv_python: venvPython } = plan;
  const modules = [testRunner];
  const reading = await readImports({ python: venvPython, modules, cwd: repoRoot, env });
  return judgeImports({
    modules,
    reading,
    gpusGiven: null,
    repoRoot,
    venvPython,
    isProject: false,
    hasSlice: hasSlice(planRequirements(plan)),
  });
}
