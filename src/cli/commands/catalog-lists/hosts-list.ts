import type { Command } from 'commander';

import { addExamples, answer, answerJson } from '../../output.ts';
import { addSharedOptions, createContext, type CliContext } from '../../options.ts';

/** `hosts-list`: names only, no profile is read; `--json` adds hostname and whether active. */
export function register(program: Command): void {
  const command = program
    .command('hosts-list')
    .description('Print the names of the host profiles in the catalog, sorted, one a line.')
    .action(async (_options: unknown, self: Command) => listHosts(createContext(self)));
  addSharedOptions(command, ['catalog', 'host', 'json']);
  addExamples(command, ['calib hosts-list', 'calib hosts-list --json']);
}

async function listHosts(context: CliContext): Promise<void> {
  const catalog = await context.catalog();
  if (!context.json) {
    for (const name of catalog.hostNames) {
      answer(name);
    }
    return;
  }
  const active = (await context.host()).host;
  const hosts = await Promise.all(catalog.hostNames.map((name) => catalog.loadHost(name)));
  answerJson(
    hosts.map(({ name, profile }) => ({
      name,
      display_name: profile.name ?? name,
      hostname: profile.hostname ?? null,
      active: name === active?.name,
    })),
  );
}
