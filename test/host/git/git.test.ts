import { mkdtempSync, rmSync, unlinkSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { readGitState } from '../../../src/host/git/read-git-state.ts';
import { showFileAtCommit } from '../../../src/host/git/show-file-at-commit.ts';
import { isIgnored, versionControlPlace } from '../../../src/host/git/version-control-place.ts';
import { workspaceDiff } from '../../../src/host/git/workspace-diff.ts';
import { scratchRepository } from './scratch-repository.ts';

let repository: ReturnType<typeof scratchRepository>;
const fingerprint = async () => (await readGitState(repository.root)).treeFingerprint;

beforeEach(() => {
  repository = scratchRepository({ 'tests/test_a.py': 'A = 1\n', '.gitignore': '.tune-runs/\n*.log\n' });
});
afterEach(() => repository.remove());

describe('git state (spec 05 §4)', () => {
  it('reads commit and branch of a clean checkout', async () => {
    expect(await readGitState(repository.root)).toMatchObject({
      sha: repository.git('rev-parse', 'HEAD'),
      branch: 'main',
      dirty: false,
    });
  });

  it('says HEAD for a detached checkout', async () => {
    repository.git('checkout', '-q', '--detach');
    expect((await readGitState(repository.root)).branch).toBe('HEAD');
  });

  it('is dirty when a file is untracked', async () => {
    repository.write('tests/test_b.py', '');
    expect((await readGitState(repository.root)).dirty).toBe(true);
  });

  it('refuses a repository without a commit (spec 05 §12 row 5)', async () => {
    const empty = mkdtempSync(join(tmpdir(), 'calib-git-'));
    execFileSync('git', ['init', '-q', empty]);
    await expect(readGitState(empty)).rejects.toMatchObject({ code: 'invalid-input' });
    rmSync(empty, { recursive: true });
  });

  it("gives git's own message when the folder is no repository", async () => {
    const plain = mkdtempSync(join(tmpdir(), 'calib-plain-'));
    await expect(readGitState(plain)).rejects.toThrow(/not a git repository/);
    rmSync(plain, { recursive: true });
  });

  it('refuses a folder below the top of the checkout', async () => {
    await expect(readGitState(join(repository.root, 'tests'))).rejects.toThrow(/not its top/);
  });

  it('keeps its answer when git variables of an outer repository are inherited', async () => {
    const expected = await readGitState(repository.root);
    process.env['GIT_DIR'] = '/nonexistent';
    try {
      expect(await readGitState(repository.root)).toEqual(expected);
    } finally {
      delete process.env['GIT_DIR'];
    }
  });
});

describe('tree fingerprint', () => {
  it('stays the same when nothing changes', async () => {
    expect(await fingerprint()).toBe(await fingerprint());
  });

  it('changes with the content of a tracked file, and comes back with it', async () => {
    const before = await fingerprint();
    repository.write('tests/test_a.py', 'A = 2\n');
    const modified = await fingerprint();
    repository.write('tests/test_a.py', 'A = 1\n');
    expect([modified === before, await fingerprint()]).toEqual([false, before]);
  });

  it('tells two different modifications of one file apart', async () => {
    repository.write('tests/test_a.py', 'A = 2\n');
    const first = await fingerprint();
    repository.write('tests/test_a.py', 'A = 3\n');
    expect(await fingerprint()).not.toBe(first);
  });

  it('counts a deleted tracked file', async () => {
    const before = await fingerprint();
    unlinkSync(join(repository.root, 'tests/test_a.py'));
    expect(await fingerprint()).not.toBe(before);
  });

  it('counts the content of untracked files', async () => {
    repository.write('tests/conftest.py', 'x = 1\n');
    const first = await fingerprint();
    repository.write('tests/conftest.py', 'x = 2\n');
    expect(await fingerprint()).not.toBe(first);
  });

  it('does not count ignored run directories and Python caches', async () => {
    const before = await readGitState(repository.root);
    repository.write('.tune-runs/run/plan.json', '{}');
    repository.write('tests/__pycache__/test_a.pyc', 'x');
    expect(await readGitState(repository.root)).toEqual(before);
  });

  it('does not count excluded paths', async () => {
    const before = await readGitState(repository.root);
    repository.write('results/run/plan.json', '{}');
    const options = { excludePaths: [join(repository.root, 'results')] };
    expect(await readGitState(repository.root, options)).toEqual(before);
  });
});

describe('workspace diff', () => {
  it('rebuilds modifications, binary files and untracked files on the session commit', async () => {
    repository.write('tests/test_a.py', 'A = 2\n');
    repository.write('assets/tone.bin', Buffer.from([0, 255, 1, 254]));
    repository.write('tests/new file.py', 'N = 1\n');
    const diff = await workspaceDiff(repository.root);
    const before = await fingerprint();
    repository.git('clean', '-fdq');
    repository.git('checkout', '-q', '.');
    execFileSync('git', ['apply', '--binary', '-'], { cwd: repository.root, input: diff });
    expect(await fingerprint()).toBe(before);
  });

  it('leaves the index of the operator alone', async () => {
    repository.write('tests/test_b.py', 'B = 1\n');
    await workspaceDiff(repository.root);
    expect(repository.git('status', '--porcelain')).toBe('?? tests/test_b.py');
  });

  it('names a large untracked file instead of copying it', async () => {
    repository.write('weights.bin', Buffer.alloc(11 * 1024 * 1024));
    expect((await workspaceDiff(repository.root)).toString()).toBe(
      `# untracked file left out (${11 * 1024 * 1024} bytes): weights.bin\n`,
    );
  });
});

describe('places and files', () => {
  it('knows a run directory that does not exist yet as ignored', async () => {
    expect(await isIgnored(repository.root, '.tune-runs')).toBe(true);
  });

  it.each([
    ['tests/out', 'visible'],
    ['.', 'visible'],
    ['.tune-runs/20260101T000000Z_x', 'ignored'],
    ['/tmp/elsewhere', 'outside'],
    ['../beside', 'outside'],
  ])('places %s as %s', async (path, place) => {
    expect(await versionControlPlace(repository.root, path)).toBe(place);
  });

  it('shows a file as the commit has it, whatever the work tree says', async () => {
    repository.write('tests/test_a.py', 'A = 2\n');
    const file = { repoRoot: repository.root, sha: 'HEAD', path: 'tests/test_a.py' };
    expect(await showFileAtCommit(file)).toBe('A = 1\n');
  });

  it('gives null for a file that the commit does not have', async () => {
    expect(await showFileAtCommit({ repoRoot: repository.root, sha: 'HEAD', path: 'none.py' })).toBeNull();
  });

  it('fails on an unknown commit', async () => {
    const file = { repoRoot: repository.root, sha: 'f'.repeat(40), path: 'tests/test_a.py' };
    await expect(showFileAtCommit(file)).rejects.toMatchObject({ code: 'invalid-input' });
  });
});
