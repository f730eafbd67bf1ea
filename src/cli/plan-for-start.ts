import { CalibError } from '../domain/calib-error.ts';
import type { SessionPlan } from '../domain/session/session-plan.ts';
import { buildSessionPlan } from './build-session-plan.ts';
import type { CliContext } from './options.ts';
import type { StartOptions } from './start.ts';

/** Repeats when neither the command line nor the prompt says otherwise (spec 03 §7). */
const defaultRepeats = 5;

/**
 * The plan that `start` means: fresh, after asking a terminal once for what was left out, or that of an existing run
 * directory.
 *
 * @throws CalibError for every reason not to start
 */
export async function planFor(
  context: CliContext,
  options: StartOptions,
  calibVersion: string,
): Promise<SessionPlan> {
  if (options.resume) {
    if (options.outputDir === undefined) {
      throw new CalibError('invalid-input', '--resume needs the run directory', {
        remedy: 'add --output-dir DIR',
      });
    }
    const { buildResumePlan } = await import('./build-resume-plan.ts');
    return await buildResumePlan(context, {
      runDir: options.outputDir,
      options,
      calibVersion,
      now: new Date(),
    });
  }
  if (options.outputDir !== undefined) {
    throw new CalibError('invalid-input', '--output-dir names an existing run directory', {
      remedy: 'add --resume to carry it on; a fresh session makes its own directory (--run-root says where)',
    });
  }
  if (options.forceEnvironment === true) {
    throw new CalibError('invalid-input', '--force-environment is for a run directory that is carried on', {
      remedy: 'leave it out: a fresh session has no other environment yet; or add --resume --output-dir DIR',
    });
  }
  const asked = await askIfTerminal(context, options);
  return await buildSessionPlan(asked.context, {
    stages: asked.stages,
    repeats: asked.repeats,
    label: options.label ?? null,
    runRoot: options.runRoot ?? null,
    maxPasses: options.maxPasses ?? null,
    lanes: options.lanes ?? null,
    pool: options.pool,
    switches: options,
    allowStaleStages: options.allowStaleStages === true,
    now: new Date(),
    calibVersion,
  });
}

interface Asked {
  context: CliContext;
  stages: string;
  repeats: number;
}

async function askIfTerminal(context: CliContext, options: StartOptions): Promise<Asked> {
  const terminal = process.stdin.isTTY && process.stderr.isTTY && !context.json;
  const complete = context.modelGiven && options.stages !== undefined && options.repeats !== undefined;
  if (terminal && !complete) {
    const { askForStart } = await import('./start-prompts.ts');
    return await askForStart(context, options);
  }
  return { context, stages: options.stages ?? 'ALL', repeats: options.repeats ?? defaultRepeats };
}
