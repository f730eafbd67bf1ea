import { truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { readGitState, readSessionTree, treeMoved } from '../../../src/host/git/tree.ts';
import { isIgnored, showFileAtCommit, versionControlPlace } from '../../../src/host/git/git.ts';
import { workspaceDiff } from '../../../src/host/git/workspace-diff.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';
import { scratchRepository } from './scratch-repository.ts';

let repository: ReturnType<typeof scratchRepository>;
const fingerprint = async () => (await readGitState(repository.root)).treeFingerprint;

beforeEach(() => {
  repository = scratchRepository({ 'tests/test_a.py': 'A = 1\n', '.gitignore': '.tune-runs/\n*.log\n' });
});
afterEach(() => {
  vi.unstubAllEnvs();
  repository.remove();
});

describe('git state', () => {
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

  it('refuses a repository without a commit', async () => {
    const empty = temporaryFolder();
    execFileSync('git', ['init', '-q', empty]);
    await expect(readGitState(empty)).rejects.toMatchObject({ code: 'invalid-input' });
  });

  it("gives git's own message when the folder is no repository", async () => {
    const plain = temporaryFolder();
    await expect(readGitState(plain)).rejects.toThrow(/not a git repository/);
  });

  it('refuses a folder below the top of the checkout', async () => {
    await expect(readGitState(join(repository.root, 'tests'))).rejects.toThrow(/not its top/);
  });

  it.each([
    ['GIT_DIR', '/nonexistent'],
    ['GIT_INDEX_FILE', '/nonexistent'],
    ['GIT_OBJECT_DIRECTORY', '/nonexistent'],
    ['GIT_COMMON_DIR', '/nonexistent'],
    ['GIT_GLOB_PATHSPECS', '1'],
    ['GIT_EXTERNAL_DIFF', '/bin/false'],
  ])('keeps its answer when %s of an outer repository is inherited', async (name, value) => {
    const expected = await readGitState(repository.root);
    vi.stubEnv(name, value);
    expect(await readGitState(repository.root)).toEqual(expected);
    expect((await workspaceDiff(repository.root)).toString()).toBe('');
  });

  it('says that git is missing, or that the folder is', async () => {
    await expect(readGitState('/nowhere/checkout')).rejects.toMatchObject({
      code: 'invalid-input',
      message: 'there is no folder /nowhere/checkout',
    });
    vi.stubEnv('PATH', '/nowhere');
    await expect(readGitState(repository.root)).rejects.toMatchObject({
      code: 'invalid-input',
      message: 'git cannot be found',
    });
  });

  it('refuses a git that succeeds without saying which commit', async () => {
    const programs = temporaryFolder();
    writeFileSync(join(programs, 'git'), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
    vi.stubEnv('PATH', programs);
    await expect(readGitState(repository.root)).rejects.toThrow(/git gave no commit id for HEAD/);
  });

  it('tells how to trust a checkout of another user', async () => {
    vi.stubEnv('GIT_TEST_ASSUME_DIFFERENT_OWNER', '1');
    await expect(readGitState(repository.root)).rejects.toMatchObject({
      code: 'invalid-input',
      message: expect.stringContaining('dubious ownership') as string,
      remedy: expect.stringContaining(
        `git config --global --add safe.directory ${repository.root}`,
      ) as string,
    });
  });

  it('names the filter that a checkout with large files needs', async () => {
    repository.write('.gitattributes', '*.bin filter=big\n');
    repository.git('config', 'filter.big.clean', 'no-such-git-lfs clean');
    repository.git('config', 'filter.big.required', 'false');
    repository.write('weights.bin', 'x');
    repository.git('add', '-A');
    repository.git('commit', '-q', '-m', 'weights');
    repository.git('config', 'filter.big.required', 'true');
    repository.write('weights.bin', 'y');
    await expect(readGitState(repository.root)).rejects.toMatchObject({
      code: 'invalid-input',
      remedy: expect.stringContaining('git-lfs') as string,
    });
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

  it.each(['notes.txt', 'up.log', 'core.1234', 'outputs/wer.json'])(
    'does not count the untracked file %s, which no test reads',
    async (path) => {
      const before = await fingerprint();
      repository.write(path, 'x');
      expect(await fingerprint()).toBe(before);
    },
  );

  it.each(['speech/server.py', 'pytest.ini', 'tests/data/prompts.json', 'benchmarks/run.sh'])(
    'counts the untracked file %s',
    async (path) => {
      const before = await fingerprint();
      repository.write(path, 'x');
      expect(await fingerprint()).not.toBe(before);
    },
  );

  it('counts a huge untracked file below tests by its size, without reading it', async () => {
    repository.write('tests/data/set.bin', '');
    truncateSync(join(repository.root, 'tests/data/set.bin'), 10 ** 12);
    const first = await fingerprint();
    truncateSync(join(repository.root, 'tests/data/set.bin'), 10 ** 12 + 1);
    expect(await fingerprint()).not.toBe(first);
  });

  it('tells changes inside a submodule apart', async () => {
    const library = scratchRepository({ 'a.py': 'A = 1\n' });
    repository.git('-c', 'protocol.file.allow=always', 'submodule', 'add', '-q', library.root, 'library');
    repository.git('commit', '-q', '-m', 'library');
    const clean = await readGitState(repository.root);
    repository.write('library/a.py', 'A = 2\n');
    const first = await fingerprint();
    repository.write('library/a.py', 'A = 3\n');
    expect(clean).toMatchObject({ dirty: false, changes: [] });
    expect(new Set([clean.treeFingerprint, first, await fingerprint()]).size).toBe(3);
    expect((await workspaceDiff(repository.root)).toString()).toMatch(
      /^# changes inside submodule left out: library\n/,
    );
    library.remove();
  });

  it('names what differs from the commit', async () => {
    repository.write('tests/test_a.py', 'A = 2\n');
    repository.write('tests/new.py', '');
    expect((await readGitState(repository.root)).changes).toEqual(['tests/test_a.py', 'tests/new.py']);
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

  it.each(['.env', 'deploy/id_rsa', 'hf_token.txt', 'server.pem'])(
    'names %s instead of copying a secret into a run directory',
    async (path) => {
      repository.write(path, 'hunter2');
      expect((await workspaceDiff(repository.root)).toString()).toBe(
        `# untracked file left out (named like a secret): ${path}\n`,
      );
    },
  );

  it('leaves credentials out, and says that it did', async () => {
    repository.write('tests/test_a.py', 'A = 1\nTOKEN = "ghp_plantedDiffTokenAAAAAAAAAA"\ntoken = read()\n');
    const diff = (await workspaceDiff(repository.root)).toString('utf8');
    expect(diff).toContain('# what looks like a credential is [redacted]');
    expect(diff).toContain('+TOKEN = "[redacted]"\n+token = read()\n');
  });

  it('names a large untracked file instead of copying it', async () => {
    repository.write('weights.bin', Buffer.alloc(11 * 1024 * 1024));
    expect((await workspaceDiff(repository.root)).toString()).toBe(
      `# untracked file left out (${11 * 1024 * 1024} bytes): weights.bin\n`,
    );
  });
});

describe('the tree of a session', () => {
  const observe = async (catalogDir?: string) =>
    await readSessionTree({
      repoRoot: repository.root,
      runDir: join(repository.root, 'tests', 'runs', 'x'),
      catalogDir,
    });

  it('leaves out the run directory, also below tests', async () => {
    const before = await observe();
    repository.write('tests/runs/x/plan.json', '{}');
    expect((await observe()).treeFingerprint).toBe(before.treeFingerprint);
    repository.write('tests/runs/conftest.py', '');
    expect((await observe()).treeFingerprint).not.toBe(before.treeFingerprint);
  });

  it.each(['.', 'calibration'])('lets stages.yaml of a catalog at %s be corrected', async (place) => {
    const catalog = join(repository.root, place);
    const before = await observe(catalog);
    repository.write(`${place}/models/nova/stages.yaml`, 'a: 1\n');
    repository.git('add', '-A');
    repository.write(`${place}/hosts/h20.yaml`, 'name: h20\n');
    expect((await observe(catalog)).treeFingerprint).toBe(before.treeFingerprint);
    expect((await observe()).treeFingerprint).not.toBe(before.treeFingerprint);
    repository.write(`${place}/models/nova/modeling.py`, '');
    expect((await observe(catalog)).treeFingerprint).not.toBe(before.treeFingerprint);
  });

  it('says what moved', async () => {
    const { sha, treeFingerprint } = await observe();
    const observed = { git_sha: sha, tree_fingerprint: treeFingerprint };
    expect(treeMoved(await observe(), observed)).toBeNull();
    repository.write('tests/test_a.py', 'A = 2\n');
    expect(treeMoved(await observe(), observed)).toMatch(/it differs from the commit in tests\/test_a\.py$/);
    repository.git('commit', '-qam', 'second');
    expect(treeMoved(await observe(), observed)).toMatch(/^HEAD moved: the session observes/);
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
