import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, onTestFinished, test, vi } from 'vitest';

import { narrowToChanged } from '../../src/cli/commands/start/changed-since.ts';
import { sampleStage } from '../domain/stages/sample-stage.ts';
import { scratchRepository } from '../host/git/scratch-repository.ts';

const files = {
  'tests/conftest.py': 'import pytest\n',
  'tests/__init__.py': '',
  'tests/limits.py': 'A_MIN_ACCURACY = 0.5\n',
  'tests/test_a.py': 'from tests.limits import A_MIN_ACCURACY\n',
  'tests/test_b.py': 'from .helpers import run\nimport json\n',
  'tests/helpers/__init__.py': 'from .deep import run\n',
  'tests/helpers/deep.py': 'def run():\n    import lib.core as core\n',
  'src/lib/__init__.py': '',
  'src/lib/core.py': 'from lib import core\n',
  'tests/test_c.py': 'B_MIN_ACCURACY = 1\n',
  'tests/c_limits.py': 'C_MIN_ACCURACY = 1\n',
  'unrelated.py': '\n',
};

const stages = [
  sampleStage({ key: 'a_accuracy', test: 'tests/test_a.py' }),
  sampleStage({ key: 'b_accuracy', test: 'tests/test_b.py' }),
  sampleStage({ key: 'b_wer', test: 'tests/test_b.py' }),
  sampleStage({ key: 'c_accuracy', test: 'tests/test_c.py', threshold_file: 'tests/c_limits.py' }),
];

function world() {
  const repository = scratchRepository(files);
  onTestFinished(repository.remove);
  const lines: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    lines.push(String(text).trimEnd());
    return true;
  });
  onTestFinished(() => void vi.restoreAllMocks());
  const narrow = async (reference = 'HEAD') =>
    await narrowToChanged(stages, { repoRoot: repository.root, reference });
  const kept = async (reference?: string) => (await narrow(reference)).stages.map(({ key }) => key).join(' ');
  return { ...repository, narrow, kept, lines };
}

describe('the stages of a selection that changed since a commit', () => {
  test.each([
    ['tests/test_a.py', 'a_accuracy'],
    ['tests/limits.py', 'a_accuracy'],
    ['tests/helpers/deep.py', 'b_accuracy b_wer'],
    ['src/lib/core.py', 'b_accuracy b_wer'],
    ['tests/c_limits.py', 'c_accuracy'],
    ['tests/conftest.py', 'a_accuracy b_accuracy b_wer c_accuracy'],
  ])('are those whose test file is, or imports, or has its thresholds in %s', async (path, keys) => {
    const { write, kept } = world();
    write(path, `${files[path as keyof typeof files]}# changed\n`);
    expect(await kept()).toBe(keys);
  });

  test.each([
    ['tests/conftest.py', 'a_accuracy b_accuracy b_wer c_accuracy'],
    ['tests/__init__.py', 'a_accuracy b_accuracy b_wer c_accuracy'],
    ['src/lib/__init__.py', 'b_accuracy b_wer'],
  ])('are also those that %s belonged to, which was removed', async (path, keys) => {
    const { root, kept } = world();
    rmSync(join(root, path));
    expect(await kept()).toBe(keys);
  });

  test('are also those whose test was given another name', async () => {
    const { git, kept } = world();
    git('mv', 'tests/limits.py', 'tests/bounds.py');
    git('rm', '-q', 'tests/test_a.py');
    expect(await kept()).toBe('a_accuracy');
  });

  test('are said before anything starts, with the files, and kept for the plan', async () => {
    const { write, narrow, lines, git } = world();
    write('tests/limits.py', 'A_MIN_ACCURACY = 0.6\n');
    const base = git('rev-parse', 'HEAD').trim();
    expect((await narrow()).record).toEqual({
      ref: 'HEAD',
      base,
      tests: { 'tests/test_a.py': ['tests/limits.py'] },
    });
    expect(lines).toEqual([
      `changed since HEAD (${base.slice(0, 8)}): 1 of 3 test files`,
      '  tests/test_a.py: tests/limits.py',
      '  left out: tests/test_b.py, tests/test_c.py',
    ]);
  });

  test('are those of this side of a branch that has gone on, new files included', async () => {
    const { write, kept, git } = world();
    git('checkout', '-q', '-b', 'mine');
    write('tests/test_c.py', 'from tests.fresh import C\n');
    write('tests/fresh.py', 'C = 1\n');
    git('add', 'tests/test_c.py');
    git('commit', '-qm', 'mine');
    git('checkout', '-q', '-b', 'theirs', 'HEAD~1');
    write('tests/test_a.py', 'X = 1\n');
    git('commit', '-qam', 'theirs');
    git('checkout', '-q', 'mine');
    expect(await kept('theirs')).toBe('c_accuracy');
  });

  test('are none where only something else changed: refused, so that nothing is launched', async () => {
    const { write, kept } = world();
    write('unrelated.py', 'X = 1\n');
    await expect(kept()).rejects.toMatchObject({ code: 'refused' });
  });

  test.each(['nowhere', '--output=/tmp/x', ''])(
    'of %j, which is no commit, cannot be told',
    async (reference) => {
      await expect(world().kept(reference)).rejects.toMatchObject({ code: 'invalid-input' });
    },
  );
});
