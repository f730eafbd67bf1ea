import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

import { execa } from 'execa';
import { describe, expect, inject, it } from 'vitest';

import { noServer, useStartWorld } from '../../cli/start-world.ts';

const drive = fileURLToPath(new URL('../../fixtures/terminal/drive.py', import.meta.url));
const calib = fileURLToPath(new URL('../../../bin/calib', import.meta.url));
const world = useStartWorld();

/** Runs `calib start` in a pseudo-terminal; the questions that were answered, in order, and the rest of what it wrote. */
async function onTerminal(steps: [waitFor: string, keys: string][], ...args: string[]) {
  // The session begins and is left alone: whether a worker polls this shared server is other tests' business.
  const env = { TEMPORAL_ADDRESS: inject('temporalAddress') };
  const command = [process.execPath, calib, ...world.startArguments(...args), '--detach'];
  const { stdout } = await execa('python3', [drive, JSON.stringify(steps), ...command], { env });
  const text = stripVTControlCharacters(stdout).replaceAll('\r', '');
  const answered = [...text.matchAll(/◇ {2}(.*)\n│ {2}(.*)/g)].map(
    ([, question, answer]) => `${question} ${answer}`,
  );
  return { exitCode: Number(text.split('\n')[0]), text, answered };
}

const down = '\u001B[B';
const anyQuestion = /◆|Model|Repeats of/;

/** Six programs at once on a busy machine. */
const options = { timeout: 60_000 };

describe.concurrent('start asks a terminal once for what was left out', options, () => {
  it('model, repeats and stages, in this order, and nothing after them', async () => {
    const run = await onTerminal([
      ['Model', `${down}\r`],
      ['Repeats', `\r`],
      ['Stages', '@wer, a_accuracy\r'],
    ]);
    expect(run.answered).toEqual([
      'Model beta',
      'Repeats of every pytest invocation 5 (default)',
      'Stages (keys, bases, presets, @groups; comma-separated) @wer, a_accuracy',
    ]);
    expect(run.text).toContain("expanded --stages '@wer, a_accuracy' → 2 stage(s): a_wer, a_accuracy");
    expect(run.exitCode).toBe(0);
  });

  it('shows what the stages may be: ALL, bases with test and groups, group shortcuts', async () => {
    const run = await onTerminal([['Stages', '\r']], '--model', 'alpha', '--repeats', '1');
    expect(run.text).toContain('ALL (every stage)\na  (test_a.py: acc + wer)\n@accuracy\n@wer\n');
    expect(run.answered).toEqual(['Stages (keys, bases, presets, @groups; comma-separated) ALL']);
  });

  it('repeats the question for an unknown token', async () => {
    const steps: [string, string][] = [
      ['Stages', 'acuracy\r'],
      ['unknown stage token(s)', '\u0015a_wer\r'],
    ];
    const run = await onTerminal(steps, '--model', 'alpha', '--repeats', '1');
    expect(run.answered.at(-1)).toMatch(/ a_wer$/);
    expect(run.exitCode).toBe(0);
  });

  it('nothing that was given', async () => {
    const run = await onTerminal([], '--model', 'alpha', '--stages', 'a', '--repeats', '1');
    expect(run.text).not.toMatch(anyQuestion);
    expect(run.exitCode).toBe(0);
  });

  it('nothing for --json', async () => {
    const run = await onTerminal([], '--model', 'alpha', '--json');
    expect(run.text).not.toMatch(anyQuestion);
  });

  it('and ends with 130 when the question is interrupted', async () => {
    const run = await onTerminal([['Repeats', '\u0003']], '--model', 'alpha', '--stages', 'a');
    expect(run.exitCode).toBe(130);
  });
});

describe('without a server', options, () => {
  it('start asks nothing: no answer could begin a session', async () => {
    const command = [process.execPath, calib, ...world.startArguments()];
    const { stdout } = await execa('python3', [drive, '[]', ...command], { env: noServer });
    expect(stdout.split('\n')[0]).toBe('3');
    expect(stdout).not.toMatch(anyQuestion);
    expect(stdout).toContain('no Temporal server answers');
  });
});
