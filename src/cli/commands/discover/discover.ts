import { resolve } from 'node:path';

import type { Command } from 'commander';

import type { FindingKind } from '../../../domain/discovery/finding.ts';
import type { StagesUpdate } from '../../../host/discovery/update-stages-file.ts';
import { exitCode } from '../../exit-code.ts';
import { addExamples, answer, answerJson, note } from '../../output.ts';
import { addSharedOptions, createContext, type CliContext } from '../../options.ts';

interface DiscoverOptions {
  output?: string;
  stage?: string;
  check?: boolean;
}

/** `discover`: writes a model's `stages.yaml` from its test files, which it reads and never runs. */
export function register(program: Command): void {
  const command = program
    .command('discover')
    .description("Read a model's test files and write its stages.yaml.")
    .option('--output <file>', "file to write (default: the model's stages.yaml in the catalog)")
    .option('--stage <key>', 'update only this block of the file, in place')
    .option('--check', 'write nothing; exit 1 with a diff when the file is out of date')
    .action(async (options: DiscoverOptions, self: Command) => discover(options, createContext(self)));
  addSharedOptions(command, ['catalog', 'host', 'model', 'repo-root', 'compat', 'json']);
  addExamples(command, [
    'calib discover --model tts --repo-root ~/sglang-omni',
    'calib discover --model tts --check',
    'calib discover --model tts --stage qwen3_asr_wer',
  ]);
}

async function discover(options: DiscoverOptions, context: CliContext): Promise<void> {
  const { updateStagesFile } = await import('../../../host/discovery/update-stages-file.ts');
  const catalog = await context.catalog();
  const model = await context.model();
  await context.announceHost();
  const output = options.output === undefined ? catalog.stagesPath(model.name) : resolve(options.output);
  const update = await updateStagesFile({
    repoRoot: (await context.repoRoot()).path,
    config: model.config,
    output,
    stage: options.stage ?? null,
    checkOnly: options.check === true,
    host: await context.device(),
  });
  if (context.json) {
    answerJson(jsonAnswer(update, { model: model.name, output }));
  } else {
    await printUpdate(update, { model: model.name, output, isCheck: options.check === true });
  }
  process.exitCode = exitCodeOfUpdate(update);
}

async function printUpdate(
  update: StagesUpdate,
  target: { model: string; output: string; isCheck: boolean },
): Promise<void> {
  const { describeDiscovery, describeTotals } = await import('../../../domain/discovery/discover-stages.ts');
  const { discovery, outcome, diff } = update;
  for (const line of describeDiscovery(discovery)) {
    answer(line);
  }
  if (outcome === 'refused') {
    note(`error: ${target.output} was not written: correct what is marked [error] first`);
    return;
  }
  if (target.isCheck) {
    for (const line of diff) {
      answer(line);
    }
  }
  const words = {
    written: `written to ${target.output}`,
    unchanged: `unchanged in ${target.output}`,
    stale: `differ from ${target.output}`,
    foreign: `discovered; ${target.output} is not calib's and was left as it is`,
  };
  const { counts, stages } = discovery;
  answer(describeTotals({ model: target.model, stages: stages.length, outcome: words[outcome], counts }));
}

function jsonAnswer(update: StagesUpdate, target: { model: string; output: string }) {
  const { outcome, diff, discovery } = update;
  const { stages, counts, findings, literals } = discovery;
  return { ...target, outcome, diff, metrics: counts, stages, findings, literals };
}

/** Faults of the config; the others are faults of a test file. */
const configFaults: ReadonlySet<FindingKind> = new Set([
  'glob-without-match',
  'preset-overlap',
  'duplicate-stage',
]);

/** 0 also needs that every stage could be started: nothing unconfigured, nothing ambiguous. */
function exitCodeOfUpdate(update: StagesUpdate): number {
  const { outcome, discovery } = update;
  const errors = discovery.findings.filter((finding) => finding.severity === 'error');
  if (errors.some((finding) => configFaults.has(finding.kind))) {
    return exitCode.invalidInput;
  }
  const isBlocked = discovery.findings.some((finding) => finding.severity === 'blocker');
  return outcome === 'refused' || outcome === 'stale' || isBlocked ? exitCode.notReady : exitCode.done;
}
