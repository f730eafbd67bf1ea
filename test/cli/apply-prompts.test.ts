import { PassThrough } from 'node:stream';

import { describe, expect, test } from 'vitest';

import type { ApplyPlanDocument } from '../../src/domain/apply/apply-plan-document.ts';
import { openQuestions } from '../../src/domain/apply/decide-apply.ts';
import {
  askConfirmation,
  askMode,
  askQuestions,
  type Terminal,
} from '../../src/cli/commands/apply/apply-prompts.ts';
import { InterruptedError } from '../../src/cli/exit-code.ts';

const ENTER = '\r';
const DOWN = '\u001B[B';
const CTRL_C = '\u0003';

/** A plan with one speed metric whose gate the observations would loosen. */
const plan: ApplyPlanDocument = {
  model: 'nova-v1',
  run_dir: '/runs/x',
  repeats: 2,
  calibration_git_sha: 'a'.repeat(40),
  files: [],
  stages: [
    {
      stage_key: 'nova_speed',
      test: '/r/test_nova_ci.py',
      threshold_file: '/r/test_nova_ci.py',
      title: 'NOVA Speed',
      stage_group: 'speed',
      variant: null,
      calibration_preset: null,
      gpus: 0,
      concurrency: 8,
      warnings: [],
      metrics: [
        {
          metric_key: 'throughput_qps',
          source: "_NOVA_P95['throughput_qps']",
          source_kind: 'nested',
          symbol: '_NOVA_P95',
          outer_key: 8,
          place: null,
          variable: null,
          subkey: 'throughput_qps',
          stage_group: 'speed',
          worst_op: 'min',
          per_run_raw: [4.1, 4.5],
          worst_raw: 4.1,
          worst_rounded: 4.1,
          write_value: 4.1,
          digits: 3,
          scale: 1,
          label: 'Throughput (req/s)',
          current_raw: 4.2,
          direction: 'loosens',
          current_text: '4.2',
          write_text: '4.1',
          location: { file: '/r/test_nova_ci.py', line: 7, column: 27 },
          unknown_reason: null,
        },
      ],
    },
  ],
};

/** A terminal on which the keys are typed one after the other, each once the screen shows what it answers. */
function terminal(...keys: { when: string; press: string }[]): { terminal: Terminal; shown: () => string } {
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => input });
  const output = Object.assign(new PassThrough(), { isTTY: true, columns: 100, rows: 40 });
  let screen = '';
  let seen = 0;
  output.on('data', (piece: Buffer) => {
    screen += piece.toString();
    const [next] = keys;
    if (next !== undefined && screen.slice(seen).includes(next.when)) {
      keys.shift();
      seen = screen.length;
      setImmediate(() => input.write(next.press));
    }
  });
  return { terminal: { input, output }, shown: () => screen };
}

const questions = openQuestions({ plan, mode: 'smart', decided: {} });

async function answer(...keys: { when: string; press: string }[]) {
  const typed = terminal(...keys);
  const decisions = await askQuestions({ terminal: typed.terminal, plan, questions });
  return { decisions, shown: typed.shown() };
}

describe('the questions of an apply', () => {
  test('show runs, current, proposed and direction, and take keep', async () => {
    const { decisions, shown } = await answer({ when: 'keep 4.2', press: ENTER });
    expect(decisions).toEqual({ 'nova_speed.throughput_qps': 'keep' });
    for (const part of ['4.1, 4.5', '4.2', '4.1  loosens (-2.4%)', 'Throughput (req/s)'])
      expect(shown).toContain(part);
  });

  test('take apply', async () => {
    const { decisions } = await answer(
      { when: 'keep 4.2', press: DOWN },
      { when: 'apply 4.1', press: ENTER },
    );
    expect(decisions).toEqual({ 'nova_speed.throughput_qps': 'apply' });
  });

  test('take a number as it is typed', async () => {
    const { decisions } = await answer(
      { when: 'keep 4.2', press: DOWN },
      { when: 'apply 4.1', press: DOWN },
      { when: 'another number', press: ENTER },
      { when: 'Number, written', press: `4.00${ENTER}` },
    );
    expect(decisions).toEqual({ 'nova_speed.throughput_qps': '4.00' });
  });

  test('take a number stricter than observed only after a yes of its own', async () => {
    const { decisions, shown } = await answer(
      { when: 'keep 4.2', press: DOWN },
      { when: 'apply 4.1', press: DOWN },
      { when: 'another number', press: ENTER },
      { when: 'Number, written', press: `4.3${ENTER}` },
      { when: 'Write it anyway?', press: 'y' },
    );
    expect(shown).toContain('4.3 is stricter than the worst run, 4.1');
    expect(decisions).toEqual({ 'nova_speed.throughput_qps': '4.3!' });
  });

  test('ask again after a no to the stricter number', async () => {
    const { decisions } = await answer(
      { when: 'keep 4.2', press: DOWN },
      { when: 'apply 4.1', press: DOWN },
      { when: 'another number', press: ENTER },
      { when: 'Number, written', press: `4.3${ENTER}` },
      { when: 'Write it anyway?', press: 'n' },
      { when: 'keep 4.2', press: ENTER },
    );
    expect(decisions).toEqual({ 'nova_speed.throughput_qps': 'keep' });
  });

  test('do not take what is no number', async () => {
    const { decisions, shown } = await answer(
      { when: 'keep 4.2', press: DOWN },
      { when: 'apply 4.1', press: DOWN },
      { when: 'another number', press: ENTER },
      { when: 'Number, written', press: `fast${ENTER}` },
      { when: 'a number as Python writes it', press: `${'\u007F'.repeat(4)}4.0${ENTER}` },
    );
    expect(shown).toContain('a number as Python writes it');
    expect(decisions).toEqual({ 'nova_speed.throughput_qps': '4.0' });
  });

  test('end with Ctrl-C, deciding nothing', async () => {
    const typed = terminal({ when: 'keep 4.2', press: CTRL_C });
    await expect(askQuestions({ terminal: typed.terminal, plan, questions })).rejects.toBeInstanceOf(
      InterruptedError,
    );
  });
});

test('the mode and the confirmation are asked on the same terminal', async () => {
  const chosen = terminal({ when: 'smart', press: DOWN }, { when: 'full', press: ENTER });
  expect(await askMode(chosen.terminal)).toBe('full');
  const refused = terminal({ when: 'Write 2 literals?', press: 'n' });
  expect(await askConfirmation(refused.terminal, 'Write 2 literals?')).toBe(false);
});
