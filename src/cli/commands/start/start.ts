import { join } from 'node:path';

import type { Command } from 'commander';

import { exitCode } from '../../exit-code.ts';
import {
  addExamples,
  answer,
  answerJson,
  packageVersion,
  parseCount,
  parseRepeats,
  stateFolder,
} from '../../output.ts';
import type { SessionPlan } from '../../../domain/session/session-plan.ts';
import { addSharedOptions, createContext, type CliContext } from '../../options.ts';

export interface StartOptions {
  stages?: string;
  changedSince?: string;
  repeats?: number;
  label?: string;
  runRoot?: string;
  maxPasses?: number;
  lanes?: string;
  /** False for `--no-pool`. */
  pool: boolean;
  skipPrecheck?: boolean;
  skipVersionCheck?: boolean;
  detach?: boolean;
  /** True for `--resume` without a directory behind it. */
  resume?: string | true;
  outputDir?: string;
  forceEnvironment?: boolean;
  smoke?: boolean;
}

export function register(program: Command): void {
  const command = program
    .command('start')
    .description('Begin a session on current HEAD, or with --resume continue an existing run directory.')
    .option('--stages <tokens>', 'stage keys, bases, presets, @groups or ALL, comma-separated (default: ALL)')
    .option(
      '--changed-since <ref>',
      'only test files that changed since this commit: themselves, the file of their thresholds, or what they import',
    )
    .option('--repeats <n>', 'repeats of every pytest invocation (default: 5)', parseRepeats)
    .option('--label <text>', "last part of the session's id (default: the model's name)")
    .option('--run-root <dir>', "folder for run directories (default: the checkout's .tune-runs)")
    .option(
      '--max-passes <n>',
      'maximum passes over missing repeats (default: 10; with --resume: as recorded)',
      parseCount,
    )
    .option(
      '--lanes <lanes>',
      'lanes of the host profile to use: a count, indices (0,2) or names (default: all); without any: repeats that may run at the same time (default: 1)',
    )
    .option('--no-pool', 'keep all repeats on this host, also where its profile names a pool')
    .option('--skip-precheck', 'start without the environment gate (recorded, shown in the report)')
    .option('--skip-version-check', 'pinned versions that differ are warnings')
    .option(
      '--smoke',
      'launch every unit once to see whether it works: same checks, lanes and limits, nothing recorded, then it ends',
    )
    .option('--detach', 'print and return at once instead of following the session')
    .option(
      '--resume [run-dir]',
      'continue an existing run directory: its path, or the id, an unambiguous prefix or latest of its session',
    )
    .option('--output-dir <dir>', 'the run directory of --resume, as an option of its own')
    .option(
      '--force-environment',
      'with --resume: on another environment too (recorded, shown in the report)',
    );
  addSharedOptions(command, [
    'catalog',
    'host',
    'model',
    'repo-root',
    'any',
    'venv-python',
    'env',
    'compat',
    'json',
  ]);
  addExamples(command, [
    'calib start --model tts --stages tts_moss,qwen3_asr --repeats 5',
    'calib start --model tts --changed-since origin/main',
    'calib start --resume .tune-runs/20260423T050000Z_mmsu_r3',
  ]);
  command.action(async (options: StartOptions, self: Command) => {
    await start(createContext(self), options);
  });
}

async function start(context: CliContext, options: StartOptions): Promise<void> {
  const { planFor } = await import('./plan-session.ts');
  const { openSessionClient } = await import('../../session/session-client.ts');
  const { startSession } = await import('./start-session.ts');
  const { checkStart } = await import('./check-start.ts');
  const { estimateLine, estimateSession } = await import('../../../domain/session/estimate.ts');
  await context.announceHost();
  const planned = await planFor(context, options, packageVersion());
  await checkStart(context.modelGiven ? context : context.withModel(planned.model), planned);
  const client = await openSessionClient();
  try {
    const plan = await withPassedEnvironment(context, planned);
    const estimate = estimateSession(plan);
    const started = { ...(await startSession(client, plan)), estimate };
    if (context.json) answerJson(started, options.detach ? 'document' : 'line');
    else {
      answer(
        `Running ${plan.model}: ${plan.stages.map((stage) => stage.key).join(', ')}, ${plan.repeats} repeats ` +
          `on commit ${plan.git_sha}, run-dir ${started.run_dir}.`,
      );
      if (estimate !== null) answer(estimateLine(estimate, plan.lanes));
      answer(`session: ${started.session}`);
      if (started.web_ui !== null) answer(`web ui:  ${started.web_ui}`);
    }
    if (options.detach) return;
    const { followSession } = await import('../watch/follow-session.ts');
    const end = await followSession(client, started.session, { json: context.json });
    process.exitCode = end.ok ? exitCode.done : exitCode.notReady;
  } finally {
    await client.close();
  }
}

/** The values that must not be recorded wait for the worker in a private file; the plan says where. */
async function withPassedEnvironment(context: CliContext, plan: SessionPlan): Promise<SessionPlan> {
  const { passed } = await context.envOption();
  if (Object.keys(passed).length === 0) return plan;
  const { writePassedEnvironment } = await import('../../../host/pytest/passed-environment.ts');
  const folder = join(stateFolder(process.env), 'session-env');
  return { ...plan, passed_env: writePassedEnvironment(folder, plan.session_id, passed) };
}
