import type { Command } from 'commander';

/** Appends examples to a command's help; each is a command line without prompt (spec 08: every help shows one). */
export function addExamples(command: Command, examples: readonly string[]): Command {
  const heading = examples.length === 1 ? 'Example:' : 'Examples:';
  return command.addHelpText('after', `\n${heading}\n${examples.map((line) => `  $ ${line}`).join('\n')}\n`);
}
