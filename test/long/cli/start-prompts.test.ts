import { describe, expect, inject, it } from 'vitest';

import { noServer, useStartWorld } from '../../cli/start-world.ts';
import { onTerminal, type TerminalStep } from '../../fixtures/terminal/on-terminal.ts';

const world = useStartWorld();

/** Runs `calib start` in a pseudo-terminal; the questions that were answered, in order, and the rest of what it wrote. */
async function start(steps: TerminalStep[], ...args: string[]) {
  // The session begins and is left alone: whether a worker polls this shared server is other tests' business.
  const env = { TEMPORAL_ADDRESS: inject('temporalAddress') };
  const run = await onTerminal(steps, [...world.startArguments(...args), '--detach'], { env });
  const answered = [...run.text.matchAll(/◇ {2}(.*)\n│ {2}(.*)/g)].map(
    ([, question, answer]) => `${question} ${answer}`,
  );
  return { ...run, answered };
}

const down = '\u001B[B';
const anyQuestion = /◆|Model|Repeats of/;

/** Six programs at once on a busy machine. */
const options = { timeout: 60_000 };

describe.concurrent('start asks a terminal once for what was left out', options, () => {
  it('model, repeats and stages, in this order, and nothing after them', async () => {
    const run = await start([
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
    const run = await start([['Stages', '\r']], '--model', 'alpha', '--repeats', '1');
    expect(run.text).toContain('ALL (every stage)\na  (test_a.py: acc + wer)\n@accuracy\n@wer\n');
    expect(run.answered).toEqual(['Stages (keys, bases, presets, @groups; comma-separated) ALL']);
  });

  it('repeats the question for an unknown token', async () => {
    const steps: TerminalStep[] = [
      ['Stages', 'acuracy\r'],
      ['unknown stage token(s)', '\u0015a_wer\r'],
    ];
    const run = await start(steps, '--model', 'alpha', '--repeats', '1');
    expect(run.answered.at(-1)).toMatch(/ a_wer$/);
    expect(run.exitCode).toBe(0);
  });

  it('nothing that was given', async () => {
    const run = await start([], '--model', 'alpha', '--stages', 'a', '--repeats', '1');
    expect(run.text).not.toMatch(anyQuestion);
    expect(run.exitCode).toBe(0);
  });

  it('nothing for --json', async () => {
    const run = await start([], '--model', 'alpha', '--json');
    expect(run.text).not.toMatch(anyQuestion);
  });

  it('and ends with 130 when the question is interrupted', async () => {
    const run = await start([['Repeats', '\u0003']], '--model', 'alpha', '--stages', 'a');
    expect(run.exitCode).toBe(130);
  });
});

describe('without a server', options, () => {
  it('start asks nothing: no answer could begin a session', async () => {
    const run = await onTerminal([], world.startArguments(), { env: noServer });
    expect(run.exitCode).toBe(3);
    expect(run.text).not.toMatch(anyQuestion);
    expect(run.text).toContain('no Temporal server answers');
  });
});
