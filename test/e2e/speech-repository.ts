import { cp, mkdtemp, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { execa } from 'execa';

import { gitIdentity } from '../fixtures/git-identity.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
export interface SpeechRepository {
  dir: string;
  /** Full hash of its one commit. */
  commit: string;
  /** The options that name it on a command line. */
  options: string[];
}

/** The example suite as a repository with one commit, which is its own catalog. */
export async function makeSpeechRepository(): Promise<SpeechRepository> {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'calib-speech-')));
  const leftOvers = /(__pycache__|\.pytest_cache|\.tune-runs|\.venv)$/;
  await cp(join(root, 'examples/speech-ci'), dir, {
    recursive: true,
    filter: (path) => !leftOvers.test(path),
  });
  const git = async (...args: string[]) => (await execa('git', ['-C', dir, ...gitIdentity, ...args])).stdout;
  await git('init', '--quiet', '--initial-branch=main');
  await git('add', '--all');
  await git('commit', '--quiet', '--message', 'A speech suite');
  const venvPython = join(root, '.venv/bin/python');
  return {
    dir,
    commit: await git('rev-parse', 'HEAD'),
    options: [
      '--catalog',
      dir,
      '--model',
      'speech',
      '--repo-root',
      dir,
      '--no-host',
      '--venv-python',
      venvPython,
    ],
  };
}
