import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import type { LoadedHost } from '../../../src/host/catalog/open-catalog.ts';
import { resolveRepoRoot } from '../../../src/host/catalog/resolve.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

const host: LoadedHost = {
  name: 'box',
  file: '/catalog/hosts/box.yaml',
  sha256: '',
  profile: { physical: {}, repo_root: '/profiled' },
  warnings: [],
};

const base = { flag: undefined, env: {}, host: null, cwd: '/' };

describe('resolveRepoRoot', () => {
  it('takes --repo-root first, made absolute', () => {
    const request = { ...base, flag: 'sub', env: { TUNE_REPO_ROOT: '/env' }, cwd: '/srv' };
    expect(resolveRepoRoot(request)).toEqual({ path: '/srv/sub', source: 'flag', warnings: [] });
  });

  it('honours TUNE_REPO_ROOT also without a host', () => {
    expect(resolveRepoRoot({ ...base, env: { TUNE_REPO_ROOT: '/env' } })).toMatchObject({
      path: '/env',
      source: 'env',
    });
  });

  it("takes the host's repo_root next", () => {
    expect(resolveRepoRoot({ ...base, host })).toEqual({ path: '/profiled', source: 'host', warnings: [] });
  });

  it('warns that the profile may be stale when the operator says otherwise', () => {
    expect(resolveRepoRoot({ ...base, host, env: { TUNE_REPO_ROOT: '/env' } }).warnings).toEqual([
      'TUNE_REPO_ROOT (/env) overrides repo_root (/profiled) of host box; ' +
        'the profile may be stale: /catalog/hosts/box.yaml',
    ]);
  });

  it('does not warn when the operator repeats what the profile says', () => {
    expect(resolveRepoRoot({ ...base, host, flag: '/profiled' }).warnings).toEqual([]);
  });

  it('finds the nearest ancestor with .git, a project file or not', () => {
    const dir = temporaryFolder({
      '.git/HEAD': '',
      'nested/pyproject.toml': '',
      'nested/deep/file': '',
    });
    expect(resolveRepoRoot({ ...base, cwd: join(dir, 'nested/deep') })).toEqual({
      path: dir,
      source: 'working-directory',
      warnings: [],
    });
  });

  it('accepts a worktree, whose .git is a file', () => {
    const dir = temporaryFolder({ 'pyproject.toml': '', '.git': 'gitdir: elsewhere\n' });
    mkdirSync(join(dir, 'a'));
    expect(resolveRepoRoot({ ...base, cwd: join(dir, 'a') }).path).toBe(dir);
  });

  it('is an error when nothing names a checkout', () => {
    const dir = temporaryFolder({ 'pyproject.toml': '' });
    expect(() => resolveRepoRoot({ ...base, cwd: dir })).toThrow(`no checkout to calibrate: neither ${dir}`);
  });
});
