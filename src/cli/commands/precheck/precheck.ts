import { join, resolve } from 'node:path';

import type { Command } from 'commander';

import { CalibError } from '../../../domain/calib-error.ts';
import type { StageDefinition } from '../../../domain/stages/stage.ts';
import { addSharedOptions, createContext, type CliContext } from '../../options.ts';
import { exitCode } from '../../exit-code.ts';
import { addExamples, answer, answerJson, colours, note, warn } from '../../output.ts';
import { defaultRepeats, precheckRequirements, type PrecheckStages } from '../start/plan-session.ts';

interface PrecheckOptions {
  stages?: string;
  outputDir?: string;
  skipVersionCheck?: boolean;
}

/** `precheck`: the environment gate, read-only. */
export function register(program: Command): void {
  const command = program
    .command('precheck')
    .description(
      'Check that this machine is ready for a calibration and print the command that closes each gap. ' +
        'Changes nothing; exit 0 only without a gap.',
    )
    .option('--stages <tokens>', 'only what these stages need (default: everything the model config names)')
    .option('--output-dir <dir>', 'write precheck.json there (never into the directory of a session)')
    .option('--skip-version-check', 'pinned versions that differ are warnings')
    .action(async (options: PrecheckOptions, self: Command) => precheck(createContext(self), options));
  addSharedOptions(command, ['catalog', 'host', 'model', 'repo-root', 'venv-python', 'env', 'json']);
  addExamples(command, [
    'calib precheck --model tts',
    'calib precheck --model tts --stages tts_moss,qwen3_asr --output-dir /tmp/precheck',
  ]);
}

async function precheck(context: CliContext, options: PrecheckOptions): Promise<void> {
  const { runPrecheck } = await import('../../../host/precheck/run-precheck.ts');
  const { refuseForeignDirectory, writePrecheck } = await import('../../../host/precheck/run-precheck.ts');
  const { withPassedNames } = await import('../../../host/pytest/passed-environment.ts');
  const { groupStages } = await import('../../../domain/selection/units.ts');
  const { gapText, renderCheck, renderSummary } = await import('../../../domain/precheck/checks.ts');
  await context.announceHost();
  const repoRoot = (await context.repoRoot()).path;
  const venv = await context.venv();
  const outputDir = options.outputDir === undefined ? null : resolve(options.outputDir);
  if (outputDir !== null) {
    await refuseForeignDirectory(outputDir, null);
  }
  const stages = await stagesOf(context, options.stages);
  const units = groupStages(stages.selected ?? stages.catalog);
  const { ok, checks, document } = await runPrecheck({
    model: await context.modelName(),
    requirements: await precheckRequirements(context, stages),
    repoRoot,
    venvPython: venv.python,
    venvSource: venv.source,
    session: null,
    runFolder: outputDir ?? join(repoRoot, '.tune-runs'),
    planned: {
      runDir: null,
      namespaces: units.map(({ namespace }) => namespace),
      repeats: defaultRepeats,
    },
    skipVersionCheck: options.skipVersionCheck === true,
    allowedGpus: null,
    env: withPassedNames(process.env, await context.envOption()),
    now: new Date(),
    onCheck: (check) => {
      if (!context.json) {
        renderCheck(check).forEach((line) => answer(painted(line)));
      }
    },
  });
  if (outputDir !== null && document !== null) {
    note(`precheck recorded in ${await writePrecheck(outputDir, document)}`);
  }
  if (context.json) {
    const errors = checks.flatMap((check) => check.errors.map(gapText));
    const warnings = checks.flatMap((check) => check.warnings);
    answerJson(document ?? { model: await context.modelName(), ok, errors, warnings, checks, stopped: true });
  } else {
    renderSummary(checks).forEach((line) => answer(painted(line)));
  }
  process.exitCode = ok ? exitCode.done : exitCode.notReady;
}

/** The stages in question: those named, or null and what discovery has found so far. */
async function stagesOf(context: CliContext, tokens: string | undefined): Promise<PrecheckStages> {
  const { selectStages } = await import('../../../domain/selection/select.ts');
  const load = async () => (await context.stages()).stages;
  if (tokens === undefined) {
    return { catalog: await orNone(load), selected: null };
  }
  const known = await load();
  const { stages, expansionLine } = selectStages(known, tokens);
  if (expansionLine !== null) {
    note(expansionLine);
  }
  return { catalog: known, selected: stages };
}

/** A precheck of everything does without stages where the checkout cannot tell them. */
async function orNone(load: () => Promise<StageDefinition[]>): Promise<StageDefinition[]> {
  try {
    return await load();
  } catch (error) {
    if (!(error instanceof CalibError)) throw error;
    warn(error.message);
    return [];
  }
}

/** A line with its mark, or its first word, in colour where stdout is a terminal. */
function painted(line: string): string {
  const { green, red, dim, yellow } = colours(process.stdout);
  return line
    .replace(/^( *)✓/, (_all, indent: string) => indent + green('✓'))
    .replace(/^( *)✗/, (_all, indent: string) => indent + red('✗'))
    .replace(/^ *· .*$/, dim)
    .replace(/^(error:|precheck FAILED.*)/, red)
    .replace(/^warning:/, yellow)
    .replace(/^precheck OK/, green);
}
