import type { Command } from 'commander';

import { addExamples } from './examples.ts';
import { addSharedOptions, createContext, sharedOptionValues } from './options.ts';

export interface PublishOptions {
  commit?: boolean;
  branch?: string;
}

/** `publish`: files, commit message and pull-request text of an applied session; commits only when told to (06 §13). */
export function register(program: Command): void {
  const command = program
    .command('publish')
    .description(
      'Print what would be committed after an apply: files, commit message, pull-request text. With --commit --branch B it ' +
        'commits exactly those files on that branch, which is never the default one. Nothing is pushed.',
    )
    .argument('<session>', 'session id, unambiguous prefix, latest, or the path of a run directory')
    .option('--commit', 'commit, on the branch that --branch names')
    .option('--branch <name>', 'the branch that is checked out, or a new one (made from the session commit)')
    .action(async (reference: string, options: PublishOptions, self: Command) => {
      const { publishSession } = await import('./publish-session.ts');
      const givenRoot = sharedOptionValues(self).repoRoot ?? process.env['TUNE_REPO_ROOT'];
      await publishSession({ context: createContext(self), reference, options, givenRoot });
    });
  addSharedOptions(command, ['repo-root', 'json']);
  addExamples(command, ['calib publish latest', 'calib publish latest --commit --branch calibrate-tts']);
}
