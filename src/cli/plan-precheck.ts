import { CalibError } from '../domain/calib-error.ts';
import type { PrecheckRequirements } from '../domain/precheck/requirements.ts';
import { skipRefusal } from '../domain/precheck/skip-refusal.ts';
import type { SessionPlan } from '../domain/session/session-plan.ts';
import type { StageDefinition } from '../domain/stages/stage.ts';
import type { CliContext } from './options.ts';

export interface PrecheckStages {
  /** All stages of the model. */
  catalog: readonly StageDefinition[];
  /** Null: everything that the model config names. */
  selected: readonly StageDefinition[] | null;
}

/** What a precheck asks of the machine, for an invocation's model, host, checkout and interpreter (spec 04 §1, §6). */
export async function precheckRequirements(
  context: CliContext,
  { catalog, selected }: PrecheckStages,
): Promise<PrecheckRequirements> {
  const { resolveRequirements } = await import('../host/precheck/resolve-requirements.ts');
  const { host, source } = await context.host();
  return await resolveRequirements({
    config: (await context.model()).config,
    catalogStages: catalog,
    selected,
    host,
    hostDeclined: source === 'disabled',
    repoRoot: (await context.repoRoot()).path,
    venvCandidates: (await context.venv()).candidates,
  });
}

/** The switches of `start`. */
export interface PrecheckSwitches {
  skipPrecheck?: boolean;
  skipVersionCheck?: boolean;
}

/**
 * The precheck part of a session's plan: the worker has no model config, so what it must ask is resolved at the start.
 *
 * @throws CalibError `refused` for a skipped precheck of ASR stages (spec 06 §15)
 */
export async function planPrecheck(
  context: CliContext,
  stages: PrecheckStages,
  { skipPrecheck = false, skipVersionCheck = false }: PrecheckSwitches,
): Promise<SessionPlan['precheck']> {
  const refusal = skipPrecheck ? skipRefusal((stages.selected ?? []).map(({ test }) => test)) : null;
  if (refusal !== null) {
    throw new CalibError('refused', refusal, { remedy: 'start without --skip-precheck' });
  }
  const resolved = await precheckRequirements(context, stages);
  // A fresh start has insisted on a choice already; a session that began without a profile goes on without.
  const requirements = { ...resolved, host_declined: resolved.host === null };
  return { skip: skipPrecheck, skip_version_check: skipVersionCheck, requirements };
}
