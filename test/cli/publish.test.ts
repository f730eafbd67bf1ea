import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { TEST_FILE } from '../host/run-directory/run-directory-fixture.ts';
import { applyWorld, type ApplyWorldOptions } from './apply-world.ts';

const REPORT = 'docs/calibration/session-report.md';
const CONFIG = 'catalog/models/nova-v1/config.yaml';
const STAGES = 'catalog/models/nova-v1/stages.yaml';

interface Published {
  files: { path: string }[];
  commit_message: string;
  pull_request: string;
  committed: { branch: string; commit: string; files: string[] } | null;
}

async function appliedWorld(options: ApplyWorldOptions = {}) {
  const world = await applyWorld(options);
  world.git('config', 'user.name', 't');
  world.git('config', 'user.email', 't@example.org');
  await world.apply('full');
  const publish = async (...args: string[]) => await world.calib('publish', 'session', ...args);
  const published = async (...args: string[]) =>
    JSON.parse((await publish('--json', ...args)).stdout) as Published;
  const hook = (name: string, script: string) => {
    world.write(`.git/hooks/${name}`, `#!/bin/sh\n${script}\n`);
    world.git('config', 'core.fileMode', 'true');
    execFileSync('chmod', ['+x', join(world.root, '.git/hooks', name)]);
  };
  return { ...world, publish, published, hook };
}

describe('publish', () => {
  test('prints files, commit message and pull-request text, and changes nothing', async () => {
    const { publish, git, root } = await appliedWorld();
    const before = git('status', '--porcelain');
    const run = await publish();
    expect(run.exitCode).toBe(0);
    expect(run.stdout).toContain(`--- Files\n${TEST_FILE}\n${CONFIG}\n${STAGES}\n${REPORT}\n`);
    expect(run.stdout).toContain(`${TEST_FILE}: NOVA_MIN_ACCURACY 0.50 -> 0.56, tightens (+12.0%)`);
    expect(run.stdout).toContain(
      '| nova_accuracy | `tests/ci/test_nova_ci.py:NOVA_MIN_ACCURACY` | 0.56, 0.58, 0.6 |',
    );
    expect(git('status', '--porcelain')).toBe(before);
    expect(existsSync(join(root, REPORT))).toBe(false);
  });

  test('is refused before the apply', async () => {
    const { calib } = await applyWorld();
    const run = await calib('publish', 'session');
    expect(run).toMatchObject({ exitCode: 1, stdout: '' });
    expect(run.stderr).toContain('no thresholds of this session were applied');
  });

  test('is refused when a file is no longer as the apply left it', async () => {
    const { publish, write, read } = await appliedWorld();
    write(TEST_FILE, `${read(TEST_FILE)}# mine\n`);
    expect((await publish()).stderr).toContain(`no longer as the apply left them:\n  ${TEST_FILE}`);
  });

  test('--commit and --branch go together', async () => {
    const { publish } = await appliedWorld();
    expect((await publish('--commit')).exitCode).toBe(2);
    expect((await publish('--branch', 'x')).exitCode).toBe(2);
  });
});

describe('publish --commit', () => {
  test('commits exactly its files on a new branch; what the operator has staged or changed stays', async () => {
    const { published, git, write, sha, read, root } = await appliedWorld();
    write('mine.py', 'x = 1\n');
    write('staged.py', 'y = 1\n');
    git('add', 'staged.py');
    const { committed, commit_message: message } = await published('--commit', '--branch', 'calibrate-nova');
    expect(committed).toMatchObject({ branch: 'calibrate-nova', commit: git('rev-parse', 'HEAD') });
    expect(git('branch', '--show-current')).toBe('calibrate-nova');
    expect(git('rev-parse', 'HEAD^')).toBe(sha);
    expect(git('rev-parse', 'main')).toBe(sha);
    expect(git('show', '--format=', '--name-only', 'HEAD').split('\n').sort()).toEqual(
      [CONFIG, STAGES, REPORT, TEST_FILE].sort(),
    );
    expect(git('log', '-1', '--format=%B').trim()).toBe(message.trim());
    expect(git('status', '--porcelain', '--', 'mine.py', 'staged.py').split('\n')).toEqual([
      'A  staged.py',
      '?? mine.py',
    ]);
    expect(read(REPORT)).toContain('## Applied changes');
    // As the operator's own tools make them: not for one user alone.
    const mask = 0o777 & ~process.umask();
    expect(statSync(join(root, 'docs', 'calibration')).mode & 0o777).toBe(mask);
  });

  test('goes onto the branch that is checked out, and a second time finds nothing to commit', async () => {
    const { publish, git } = await appliedWorld();
    git('switch', '-q', '-c', 'work');
    expect((await publish('--commit', '--branch', 'work')).exitCode).toBe(0);
    const head = git('rev-parse', 'HEAD');
    const again = await publish('--commit', '--branch', 'work');
    expect(again.exitCode).toBe(1);
    expect(again.stderr).toContain('everything is committed already');
    expect(git('rev-parse', 'HEAD')).toBe(head);
  });

  test('never goes onto the default branch: the usual names, the remote’s head, the configured one', async () => {
    const { publish, git, sha } = await appliedWorld();
    git('update-ref', 'refs/remotes/origin/trunk', sha);
    git('remote', 'add', 'origin', '/nowhere');
    git('symbolic-ref', 'refs/remotes/origin/HEAD', 'refs/remotes/origin/trunk');
    git('config', 'init.defaultBranch', 'develop');
    for (const branch of ['main', 'master', 'trunk', 'develop']) {
      const run = await publish('--commit', '--branch', branch);
      expect(run.exitCode).toBe(1);
      expect(run.stderr).toContain(`${branch} is a default branch`);
    }
    expect(git('rev-parse', 'HEAD')).toBe(sha);
  });

  test('a hook that refuses leaves branch, index and report as they were', async () => {
    const { publish, hook, git, root, sha } = await appliedWorld();
    const before = git('status', '--porcelain');
    hook('pre-commit', 'echo "threshold too low" >&2; exit 1');
    const run = await publish('--commit', '--branch', 'calibrate-nova');
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain('threshold too low');
    expect(git('branch', '--show-current')).toBe('main');
    expect(git('branch', '--list', 'calibrate-nova')).toBe('');
    expect(git('rev-parse', 'HEAD')).toBe(sha);
    expect(git('status', '--porcelain')).toBe(before);
    expect(existsSync(join(root, 'docs'))).toBe(false);
  });

  test('a file that you had changed before the session is not swept in', async () => {
    const { publish, git, root } = await appliedWorld({ dirty: true });
    const run = await publish('--commit', '--branch', 'calibrate-nova');
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain(`changed by you before the session, and not committed: ${TEST_FILE}`);
    expect(git('branch', '--show-current')).toBe('main');
    expect(existsSync(join(root, 'docs'))).toBe(false);
  });

  test('a file that is staged differently is not committed over', async () => {
    const { publish, git, write, read } = await appliedWorld();
    const applied = read(TEST_FILE);
    write(TEST_FILE, `${applied}# half\n`);
    git('add', TEST_FILE);
    write(TEST_FILE, applied);
    const run = await publish('--commit', '--branch', 'calibrate-nova');
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain(`staged differently from how they stand in the work tree: ${TEST_FILE}`);
  });
});
