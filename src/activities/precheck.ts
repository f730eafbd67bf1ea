import { dirname } from 'node:path';

import { CalibError } from '../domain/calib-error.ts';
import {
  compareEnvironments,
  type EnvironmentComparison,
  identityDifferenceLines,
} from '../domain/fingerprint/compare.ts';
import type { EnvironmentDocument } from '../domain/fingerprint/environment.ts';
import { gapText, renderCheck, renderSummary } from '../domain/precheck/checks.ts';
import { skipRefusal } from '../domain/precheck/judge-venv.ts';
import { skippedPrecheckDocument } from '../domain/precheck/precheck-document.ts';
import { planRequirements } from '../domain/precheck/stage-needs.ts';
import type { Plan, SessionPlan } from '../domain/session/session-plan.ts';
import { utcTimestamp } from '../domain/text.ts';
import { keepEnvironment, readSessionEnvironment } from '../host/fingerprint/environment-file.ts';
import { captureEnvironment } from '../host/fingerprint/environment.ts';
import { readSessionTree, treeMoved } from '../host/git/tree.ts';
import { createSliceDirectories } from '../host/precheck/machine.ts';
import { runPrecheck, writePrecheck } from '../host/precheck/run-precheck.ts';
import { sessionEnvironment } from '../host/pytest/passed-environment.ts';
import { appendRunLog } from '../host/run-directory/logs/run-log.ts';
import type { PrecheckVerdict } from './activity-types.ts';
import type { ActivityDependencies } from './repeat/repeat.ts';

export interface EnvironmentQuestion {
  plan: SessionPlan;
  /** `nvidia-smi` indices that the worker may use, null for all. */
  gpus: readonly number[] | null;
  now: Date;
}

export type JudgedEnvironment =
  | {
      kind: 'accepted';
      /** As it is now. */
      environment: EnvironmentDocument;
      /** What differs although it was forced; empty where nothing does. */
      forced: string[];
      warnings: string[];
    }
  | { kind: 'refused'; message: string; remedy: string };

/**
 * Whether a session may measure here: in the environment that its directory records, or on the operator's word in
 * another one. Only what both sides know is compared, so that directories of earlier versions are not refused for
 * what they do not say. Writes nothing.
 */
export async function judgeEnvironment({ plan, gpus, now }: EnvironmentQuestion): Promise<JudgedEnvironment> {
  const { run_dir: runDir } = plan;
  const requirements = planRequirements(plan);
  const environment = await captureEnvironment({
    plan,
    requirements,
    allowedGpus: gpus,
    env: sessionEnvironment(plan.passed_env, process.env),
    now,
  });
  const recorded = await readSessionEnvironment(runDir);
  if (recorded === null) return { kind: 'accepted', environment, forced: [], warnings: [] };
  const comparison = compareEnvironments(recorded.facts, environment);
  const differences = identityDifferenceLines(comparison);
  if (comparison.equal)
    return { kind: 'accepted', environment, forced: [], warnings: unknownWarning(comparison) };
  const what = `the environment is not the one of ${recorded.file}: ${differences.join('; ')}`;
  if (plan.force_environment === true) {
    return { kind: 'accepted', environment, forced: differences, warnings: [`forced: ${what}`] };
  }
  return {
    kind: 'refused',
    message: what,
    remedy:
      'restore that environment or start a fresh session; `calib start --resume --force-environment` mixes the two ' +
      `and marks the report; \`calib compare-env ${runDir} OTHER\` compares it with another recorded one`,
  };
}

/** Said where something could not be compared: a lost driver must not look like the same environment. */
function unknownWarning({ unknown }: EnvironmentComparison): string[] {
  const lost = unknown.filter((entry) => entry.class === 'identity' && entry.known_in === 'a');
  return lost.length === 0
    ? []
    : [
        `cannot be read here, so not compared with what is recorded: ${lost.map(({ field }) => field).join(', ')}`,
      ];
}

/** The plan with a forced environment among its others, each once. */
export function withForcedEnvironment(
  plan: Plan,
  judged: Extract<JudgedEnvironment, { kind: 'accepted' }>,
  at: string,
): Plan {
  const { identity_sha256 } = judged.environment;
  const before = plan.forced_environments ?? [];
  if (judged.forced.length === 0 || before.some((one) => one.identity_sha256 === identity_sha256))
    return plan;
  return {
    ...plan,
    forced_environments: [...before, { at, identity_sha256, differences: judged.forced }],
  };
}

/**
 * The environment gate before any GPU time is spent. Leaves `precheck.json`, its lines in `run.log` and, once
 * the gate is open, `environment.json`; a gap is an answer, not a failure of the activity.
 */
export async function precheck(
  plan: SessionPlan,
  deps: Pick<ActivityDependencies, 'gpus'> = { gpus: null },
): Promise<PrecheckVerdict> {
  const now = new Date();
  const moved = await movedBefore(plan);
  if (moved !== null) return { ok: false, moved, errors: [moved], warnings: [] };
  await createSliceDirectories(plan.environment);
  const verdict = plan.precheck.skip ? await skipPrecheck(plan, now) : await checkMachine(plan, deps, now);
  return verdict.ok ? await settleEnvironment(verdict, { plan, gpus: deps.gpus, now }) : verdict;
}

/** Why the checkout is no longer what was started; null while it is, and where git does not tell, which the gate says. */
async function movedBefore(plan: SessionPlan): Promise<string | null> {
  const { repo_root: repoRoot, catalog_dir: catalogDir, run_dir: runDir } = plan;
  try {
    return treeMoved(await readSessionTree({ repoRoot, runDir, catalogDir }), plan);
  } catch (error) {
    if (error instanceof CalibError) return null;
    throw error;
  }
}

/** Records what the repeats will run in, once the gate is open; another environment than the recorded one is a gap. */
async function settleEnvironment(
  verdict: PrecheckVerdict,
  question: EnvironmentQuestion,
): Promise<PrecheckVerdict> {
  const { plan, now } = question;
  const judged = await judgeEnvironment(question);
  if (judged.kind === 'refused') {
    await appendRunLog(plan.run_dir, [`error: ${judged.message}`], now);
    return { ...verdict, ok: false, errors: [`${judged.message} → ${judged.remedy}`] };
  }
  const name = await keepEnvironment(plan.run_dir, judged.environment);
  const identity = judged.environment.identity_sha256.slice(0, 12);
  await appendRunLog(plan.run_dir, [`environment ${identity}, recorded in ${name}`], now);
  return { ...verdict, warnings: [...verdict.warnings, ...judged.warnings] };
}

async function checkMachine(
  plan: SessionPlan,
  deps: Pick<ActivityDependencies, 'gpus'>,
  now: Date,
): Promise<PrecheckVerdict> {
  const { ok, checks, document } = await runPrecheck({
    model: plan.model,
    requirements: planRequirements(plan),
    repoRoot: plan.repo_root,
    venvPython: plan.venv_python,
    venvSource: plan.venv_source,
    session: { id: plan.session_id, gitSha: plan.git_sha },
    runFolder: dirname(plan.run_dir),
    planned: {
      runDir: plan.run_dir,
      namespaces: plan.units.map(({ namespace }) => namespace),
      repeats: plan.repeats,
    },
    skipVersionCheck: plan.precheck.skip_version_check,
    allowedGpus: deps.gpus,
    env: sessionEnvironment(plan.passed_env, process.env),
    now,
  });
  if (document !== null) {
    await writePrecheck(plan.run_dir, document);
  }
  await appendRunLog(plan.run_dir, [...checks.flatMap(renderCheck), ...renderSummary(checks)], now);
  return {
    ok,
    errors: checks.flatMap(({ errors }) => errors.map(gapText)),
    warnings: checks.flatMap(({ warnings }) => warnings),
  };
}

/** Leaves the stub that says so. */
async function skipPrecheck(plan: SessionPlan, now: Date): Promise<PrecheckVerdict> {
  const refusal = skipRefusal(plan.units.map(({ test }) => test));
  if (refusal !== null) {
    return { ok: false, errors: [`${refusal} → start again without it`], warnings: [] };
  }
  const stub = skippedPrecheckDocument({
    timestamp: utcTimestamp(now),
    model: plan.model,
    venv_python: plan.venv_python,
    venv_source: plan.venv_source,
    git: { sha: plan.git_sha, branch: plan.git_branch, dirty: plan.dirty },
    host: plan.host,
    session_id: plan.session_id,
  });
  await writePrecheck(plan.run_dir, stub);
  await appendRunLog(plan.run_dir, ['precheck skipped'], now);
  return { ok: true, errors: [], warnings: ['precheck skipped'] };
}
