import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { execa } from 'execa';
import { afterAll, beforeAll } from 'vitest';

import { gitIdentity } from '../fixtures/git-identity.ts';
import { runCalib } from './run-calib.ts';

const python = fileURLToPath(new URL('../../.venv/bin/python', import.meta.url));

/** Nothing listens there, so that a start ends right behind its checks. */
export const noServer = { TEMPORAL_ADDRESS: '127.0.0.1:1' };

export interface StartWorld {
  /** The checkout, which is its own catalog, of the models alpha and beta. */
  readonly folder: string;
  /** The command line of a start there. */
  startArguments: (...args: string[]) => string[];
}

/** Gives a file of tests a checkout to start from, removed after the last of them. */
export function useStartWorld(): StartWorld {
  let world = '';
  const git = async (...args: string[]) => await execa('git', [...gitIdentity, ...args], { cwd: world });
  const place = () => ['--catalog', world, '--repo-root', world, '--no-host'];
  beforeAll(async () => {
    world = await mkdtemp(join(tmpdir(), 'calib-prompts-'));
    for (const model of ['alpha', 'beta']) {
      await mkdir(join(world, 'models', model), { recursive: true });
      await writeFile(
        join(world, 'models', model, 'config.yaml'),
        `name: ${model}
hf_datasets: []
default_venv_python: ${python}
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
  afterAll(async () => await rm(world, { recursive: true, force: true }));
  return {
    get folder() {
      return world;
    },
    startArguments: (...args) => ['start', ...place(), '--run-root', `${world}-runs`, ...args],
  };
}
