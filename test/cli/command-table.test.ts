import { Command } from 'commander';
import { describe, expect, it } from 'vitest';

import { commandTable } from '../../src/cli/command-table.ts';

describe('the command table', () => {
  it.each(commandTable.map((entry) => [entry.name, entry] as const))(
    'has a module for %s that registers it with a description and an example',
    async (name, { load }) => {
      const program = new Command();
      (await load()).register(program);
      const [command] = program.commands;
      let help = '';
      command?.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
      expect(program.commands.map((registered) => registered.name())).toEqual([name]);
      expect(command?.description()).not.toBe('');
      expect(help).toMatch(new RegExp(`\\nExamples?:\\n {2}\\$ .*calib ${name}`));
    },
  );
});
