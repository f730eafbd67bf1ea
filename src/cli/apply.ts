import { Option, type Command } from 'commander';

import type { ApplyMode } from '../domain/session/session-state.ts';
import { addExamples } from './examples.ts';
import { addSharedOptions, createContext } from './options.ts';
import { parseDecision } from './parse-decision.ts';

export interface ApplyOptions {
  mode?: ApplyMode;
  decide: Record<string, string>;
  dryRun?: boolean;
  undo?: boolean;
  yes?: boolean;
}

/** `apply`: the interactive form of the apply signal, its dry run, and its undo (spec 06 §11, 08). */
export function register(program: Command): void {
  const command = program
    .command('apply')
    .description(
      'Decide a session that waits for it: show what its observations say about every literal, ask what only a person can ' +
        'decide, and let the session write the new literals, once. Without a terminal nothing is asked.',
    )
    .argument(
      '<session>',
      'session id, unambiguous prefix, or latest; with --dry-run and --undo also the path of a run directory',
    )
    .addOption(
      new Option(
        '--mode <mode>',
        'report: edit nothing; smart: ask about what loosens; full: apply everything',
      )
        .choices(['report', 'smart', 'full'])
        .conflicts('undo'),
    )
    .addOption(
      new Option(
        '--decide <STAGE.METRIC=…>',
        'keep, apply or a number (NUMBER! for one stricter than observed); may be repeated',
      )
        .argParser(parseDecision)
        .default({}, 'none'),
    )
    .addOption(
      new Option('--dry-run', 'print as a unified diff what would be written, and write nothing').conflicts(
        'undo',
      ),
    )
    .option('--undo', 'restore the files as they were before the apply, also after the session has ended')
    .option('--yes', 'do not ask for confirmation')
    .action(async (reference: string, options: ApplyOptions, self: Command) => {
      const context = createContext(self);
      if (options.undo === true) {
        const { undoSession } = await import('./apply-undo.ts');
        await undoSession(context, reference, options.yes === true);
      } else if (options.dryRun === true) {
        const { dryRunSession } = await import('./apply-dry-run.ts');
        await dryRunSession(context, reference, options);
      } else {
        const { applySession } = await import('./apply-session.ts');
        await applySession(context, reference, options);
      }
    });
  addSharedOptions(command, ['repo-root', 'json']);
  addExamples(command, [
    'calib apply latest',
    'calib apply latest --mode smart --decide mmsu_speed.throughput_qps=keep --yes',
    'calib apply latest --mode full --dry-run',
    'calib apply 20260423T050000Z_mmsu_r3 --undo',
  ]);
}
