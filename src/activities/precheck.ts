import { dirname } from 'node:path';

import { utcTimestamp } from '../domain/clock.ts';
import { gapText, renderCheck, renderSummary } from '../domain/precheck/check-result.ts';
import { planRequirements } from '../domain/precheck/plan-requirements.ts';
import { skippedPrecheckDocument } from '../domain/precheck/precheck-document.ts';
import { skipRefusal } from '../domain/precheck/skip-refusal.ts';
import type { SessionPlan } from '../domain/session/session-plan.ts';
import { keepEnvironment } from '../host/fingerprint/environment-file.ts';
import { runPrecheck } from '../host/precheck/run-precheck.ts';
import { createSliceDirectories } from '../host/precheck/slice-directories.ts';
import { writePrecheck } from '../host/precheck/write-precheck.ts';
import { appendRunLog } from '../host/run-directory/run-log.ts';
import type { ActivityDependencies } from './activity-dependencies.ts';
import type { PrecheckVerdict } from './activity-types.ts';
import { judgeEnvironment, type EnvironmentQuestion } from './session-environment.ts';

/**
 * The environment gate before any GPU time is spent (spec 04). Leaves `precheck.json`, its lines in `run.log` and, once
 * the gate is open, `environment.json`; a gap is an answer, not a failure of the activity.
 */
export async function precheck(
  plan: SessionPlan,
  deps: Pick<ActivityDependencies, 'gpus'> = { gpus: null },
): Promise<PrecheckVerdict> {
  const now = new Date();
  await createSliceDirectories(plan.environment);
  const verdict = plan.precheck.skip ? await skipPrecheck(plan, now) : await checkMachine(plan, deps, now);
  return verdict.ok ? await settleEnvironment(verdict, { plan, gpus: deps.gpus, now }) : verdict;
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
    skipVersionCheck: plan.precheck.skip_version_check,
    allowedGpus: deps.gpus,
    env: process.env,
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

/** Leaves the stub that says so (spec 04 §1). */
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
