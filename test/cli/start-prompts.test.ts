import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { gitIdentity } from '../fixtures/git-identity.ts';
import { runCalib } from './run-calib.ts';

const drive = fileURLToPath(new URL('../fixtures/terminal/drive.py', import.meta.url));
const calib = fileURLToPath(new URL('../../bin/calib', import.meta.url));
/** Nothing listens there, so that a start ends right behind its questions. */
const env = { TEMPORAL_ADDRESS: '127.0.0.1:1' };

let world: string;

async function git(...args: string[]): Promise<void> {
  await execa('git', [...gitIdentity, ...args], { cwd: world });
}

beforeAll(async () => {
  world = await mkdtemp(join(tmpdir(), 'calib-prompts-'));
  for (const model of ['alpha', 'beta']) {
    await mkdir(join(world, 'models', model), { recursive: true });
    await writeFile(
      join(world, 'models', model, 'config.yaml'),
      `name: ${model}
hf_datasets: []
default_venv_python: ${process.execPath}
test_globs: [test_a.py]
stage_base_strip_prefix: test_
metric_sources:
  test_a.py:
    json_file: r.json
    expected_samples: 3
    sample_counts: {total: n, ok: n}
    paths: {accuracy: a, corpus_wer: w}
`,
    );
  }
  await writeFile(join(world, 'test_a.py'), 'A_MIN_ACCURACY = 0.5\nA_WER_MAX_CORPUS = 0.1\n');
  await writeFile(join(world, 'pyproject.toml'), '[project]\n');
  await git('init', '--quiet');
  for (const model of ['alpha', 'beta']) {
    await runCalib(['discover', ...place(), '--model', model]);
  }
  await git('add', '--all');
  await git('commit', '--quiet', '--message', 'x');
}, 60_000);

function place(): string[] {
  return ['--catalog', world, '--repo-root', world, '--no-host'];
}

function startArguments(...args: string[]): string[] {
  return ['start', ...place(), '--run-root', `${world}-runs`, ...args];
}

/** Runs `calib start` in a pseudo-terminal; the questions that were answered, in order, and the rest of what it wrote. */
async function onTerminal(steps: [waitFor: string, keys: string][], ...args: string[]) {
  const command = [process.execPath, calib, ...startArguments(...args)];
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

describe.concurrent('03 §7: start asks a terminal once for what was left out', options, () => {
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
    expect(run.exitCode).toBe(3);
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
    expect(run.exitCode).toBe(3);
  });

  it('nothing that was given', async () => {
    const run = await onTerminal([], '--model', 'alpha', '--stages', 'a', '--repeats', '1');
    expect(run.text).not.toMatch(anyQuestion);
    expect(run.exitCode).toBe(3);
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

afterAll(async () => await rm(world, { recursive: true, force: true }));

describe.concurrent(
  '03 §7: without a terminal nothing is asked and the documented defaults apply',
  options,
  () => {
    it('the default model', async () => {
      const run = await runCalib(startArguments(), { env });
      expect(run).toMatchObject({ exitCode: 2, stdout: '' });
      expect(run.stderr).toContain('unknown model "qwen3-omni-v1"');
    });

    it('every stage', async () => {
      const run = await runCalib(startArguments('--model', 'alpha'), { env });
      expect(run.exitCode).toBe(3);
      expect(run.stderr).toContain("expanded --stages 'ALL' → 2 stage(s): a_accuracy, a_wer");
      expect(run.stderr).not.toMatch(anyQuestion);
    });

    it('0 repeats are refused', async () => {
      const run = await runCalib(startArguments('--model', 'alpha', '--repeats', '0'), { env });
      expect(run.exitCode).toBe(2);
    });
  },
);

describe('02 §13: start refuses a stages.yaml that does not describe the checkout', options, () => {
  it('naming the stage, the file and the command that fixes it', async () => {
    await writeFile(join(world, 'test_a.py'), 'A_MIN_ACCURACY = 0.5\nA_WER_MAX_CORPUS = 0.2\n');
    const run = await runCalib(startArguments('--model', 'alpha', '--stages', 'a_wer'), { env });
    expect(run).toMatchObject({ exitCode: 2, stdout: '' });
    expect(run.stderr).toMatch(
      /a_wer: test_a\.py: the test file has changed \(recorded \w{12}, now \w{12}\)/,
    );
    expect(run.stderr).toContain('→ calib discover --model alpha');
  });
});
