import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, onTestFinished, test } from 'vitest';

import { commitPublished, foreignChanges } from '../../../src/host/publish/commit-published.ts';
import { scratchRepository } from '../git/scratch-repository.ts';

const REPORT = 'docs/calibration/s-report.md';

function repository(files: Record<string, string> = { 'tests/[ab].py': 'X = 1\n', 'tests/a.py': 'Y = 1\n' }) {
  const made = scratchRepository(files);
  onTestFinished(made.remove);
  made.git('config', 'user.name', 't');
  made.git('config', 'user.email', 't@example.org');
  const publish = async (overrides: { branch?: string; createBranch?: boolean; paths?: string[] } = {}) =>
    await commitPublished({
      repoRoot: made.root,
      branch: 'calibrate',
      createBranch: true,
      message: 'Calibrate\n',
      paths: ['tests/[ab].py', REPORT],
      report: { path: REPORT, text: '# Report\n' },
      ...overrides,
    });
  const failingHook = () => {
    made.write('.git/hooks/commit-msg', '#!/bin/sh\necho "no ticket" >&2\nexit 1\n');
    chmodSync(join(made.root, '.git/hooks/commit-msg'), 0o755);
  };
  return {
    ...made,
    publish,
    failingHook,
    read: (path: string) => readFileSync(join(made.root, path), 'utf8'),
  };
}

describe('the commit of a publish', () => {
  test('takes paths as they are, also where git would see a pattern', async () => {
    const { write, git, publish } = repository();
    write('tests/[ab].py', 'X = 2\n');
    write('tests/a.py', 'Y = 2\n');
    const { commit, paths } = await publish();
    expect(paths).toEqual([REPORT, 'tests/[ab].py']);
    expect(git('rev-parse', 'calibrate')).toBe(commit);
    expect(git('status', '--porcelain')).toBe('M tests/a.py');
  });

  test('leaves a detached HEAD for its branch, and comes back to it when a hook refuses', async () => {
    const { write, git, publish, failingHook } = repository();
    const head = git('rev-parse', 'HEAD');
    git('checkout', '-q', '--detach');
    write('tests/[ab].py', 'X = 2\n');
    failingHook();
    await expect(publish()).rejects.toThrow('no ticket');
    expect(git('rev-parse', '--abbrev-ref', 'HEAD')).toBe('HEAD');
    expect(git('rev-parse', 'HEAD')).toBe(head);
    expect(git('branch', '--list', 'calibrate')).toBe('');
  });

  test('puts an earlier report back when git refuses', async () => {
    const { write, git, publish, failingHook, read } = repository();
    write(REPORT, '# Earlier\n');
    git('add', '-A');
    git('commit', '-q', '-m', 'earlier');
    write('tests/[ab].py', 'X = 2\n');
    failingHook();
    await expect(publish()).rejects.toThrow('nothing was committed');
    expect(read(REPORT)).toBe('# Earlier\n');
    expect(git('status', '--porcelain')).toBe('M tests/[ab].py');
  });

  test('is refused in the middle of a merge, and changes nothing', async () => {
    const { write, git, publish, root } = repository();
    git('switch', '-q', '-c', 'other');
    git('commit', '-q', '--allow-empty', '-m', 'theirs');
    git('switch', '-q', 'main');
    git('commit', '-q', '--allow-empty', '-m', 'ours');
    git('merge', '-q', '--no-commit', '--no-ff', 'other');
    write('tests/[ab].py', 'X = 2\n');
    await expect(publish({ branch: 'main', createBranch: false })).rejects.toThrow('nothing was committed');
    expect(existsSync(join(root, '.git/MERGE_HEAD'))).toBe(true);
    expect(existsSync(join(root, 'docs'))).toBe(false);
  });

  test('says what a hook added', async () => {
    const { write, root, publish } = repository();
    write('tests/[ab].py', 'X = 2\n');
    write('.git/hooks/pre-commit', '#!/bin/sh\necho z > added.txt\ngit add added.txt\n');
    chmodSync(join(root, '.git/hooks/pre-commit'), 0o755);
    expect((await publish()).paths).toContain('added.txt');
  });
});

describe('changes of the operator’s own in the edited files', () => {
  test('are found by comparing with the session commit, as git stores the file', async () => {
    const { root, git, write } = repository({
      '.gitattributes': '*.py text eol=crlf\n',
      'tests/a.py': 'Y = 1\n',
    });
    write('.git/before-clean', 'Y = 1\r\n');
    write('.git/before-dirty', 'Y = 1\r\nmine = 2\r\n');
    const sessionCommit = git('rev-parse', 'HEAD');
    const ask = async (before: string | null, file = 'tests/a.py') =>
      await foreignChanges({ repoRoot: root, sessionCommit, files: [{ file, before }] });
    expect(await ask(join(root, '.git/before-clean'))).toEqual([]);
    expect(await ask(join(root, '.git/before-dirty'))).toEqual(['tests/a.py']);
    expect(await ask(null)).toEqual(['tests/a.py']);
    expect(await ask(join(root, '.git/before-clean'), 'tests/untracked.py')).toEqual(['tests/untracked.py']);
  });
});
