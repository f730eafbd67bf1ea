import { join, resolve } from 'node:path';

import { type Command, InvalidArgumentError } from 'commander';

import { addSharedOptions, type CliContext, createContext } from '../../options.ts';
import { addExamples, answer, answerJson } from '../../output.ts';

interface PruneOptions {
  keep?: number;
  olderThan?: number;
  dryRun?: boolean;
  runRoot?: string;
}

/** Newest ended sessions that are left alone where nothing is said. */
const defaultKeep = 3;
const dayMs = 24 * 3600 * 1000;

export function register(program: Command): void {
  const command = program
    .command('prune')
    .description(
      'Remove base temps and pytest logs of ended sessions. Records, reports, journals and run.log are never removed.',
    )
    .option(
      '--keep <n>',
      `newest ended sessions to leave alone (default: ${defaultKeep}; 0 with --older-than)`,
      count,
    )
    .option('--older-than <days>', 'only of sessions that ended this many days ago', count)
    .option('--dry-run', 'say what would be removed, and remove nothing')
    .option('--run-root <dir>', "folder of run directories (default: the checkout's .tune-runs)");
  addSharedOptions(command, ['repo-root', 'json']);
  addExamples(command, ['calib prune --dry-run', 'calib prune --keep 5 --older-than 14']);
  command.action(async (options: PruneOptions, self: Command) => {
    await pruneSessions(createContext(self), options);
  });
}

function count(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('a whole number from 0 is wanted.');
  return Number(text);
}

async function pruneSessions(context: CliContext, options: PruneOptions): Promise<void> {
  const { chooseToPrune, prunableRuns, prune } = await import('../../../host/earlier-runs/prune.ts');
  const runRoot = resolve(options.runRoot ?? join((await context.repoRoot()).path, '.tune-runs'));
  const { olderThan } = options;
  const chosen = chooseToPrune(await prunableRuns(runRoot), {
    keep: options.keep ?? (olderThan === undefined ? defaultKeep : 0),
    endedBeforeMs: olderThan === undefined ? null : Date.now() - olderThan * dayMs,
  });
  const isDry = options.dryRun === true;
  for (const run of chosen) {
    if (!isDry) await prune(run);
    if (!context.json) answer(`${isDry ? 'would remove' : 'removed'} ${gib(run.bytes)} of ${run.runDir}`);
  }
  const bytes = chosen.reduce((sum, run) => sum + run.bytes, 0);
  if (context.json) {
    const runs = chosen.map(({ runDir, bytes: each }) => ({ run_dir: runDir, bytes: each }));
    answerJson({ run_root: runRoot, dry_run: isDry, bytes, runs });
  } else answer(`${isDry ? 'to be removed' : 'removed'}: ${gib(bytes)} of ${chosen.length} session(s)`);
}

function gib(bytes: number): string {
  return `${(bytes / 1024 ** 3).toFixed(2)} GiB`;
}
