import { describe, expect, it } from 'vitest';

import { judgeGit, judgeInterpreter, judgeRepository } from '../../../src/domain/precheck/judge-machine.ts';

const sha = '0123456789abcdef0123456789abcdef01234567';

describe('interpreter, repository and commit', () => {
  it('shows the interpreter, where it comes from, and the candidates in order', () => {
    const question = {
      python: '/b/python',
      source: 'config',
      candidates: ['/a/python', '/b/python'],
      hasSlice: false,
    };
    expect(judgeInterpreter({ ...question, state: 'executable' })).toMatchObject({
      mark: '✓',
      lines: ['venv_python: /b/python (config)', '(tried in order: /a/python, /b/python)'],
    });
  });

  it('names all candidates when none exists', () => {
    const question = {
      python: '/b/python',
      source: 'config',
      candidates: ['/a/python', '/b/python'],
      hasSlice: false,
    };
    expect(judgeInterpreter({ ...question, state: 'missing' }).errors[0]?.message).toBe(
      'no interpreter: none of /a/python, /b/python exists',
    );
  });

  it('tells a file that cannot be executed from a missing one', () => {
    const question = { python: '/a/python', source: 'flag', candidates: [], hasSlice: false };
    expect(judgeInterpreter({ ...question, state: 'not executable' }).errors[0]?.message).toBe(
      '/a/python cannot be executed',
    );
  });

  it('warns of the preparation script only where there is a slice that it would delete', () => {
    const remedies = (hasSlice: boolean) =>
      judgeInterpreter({ python: '/a/python', source: 'flag', candidates: [], state: 'missing', hasSlice })
        .errors.flatMap((gap) => gap.remedies)
        .join(' ');
    expect(remedies(true)).toContain('$OMNI_CI_HOME');
    expect(remedies(false)).not.toContain('$OMNI_CI_HOME');
  });

  it('wants a pyproject.toml only where a pin is to be looked up in it', () => {
    const folder = { repoRoot: '/repo', exists: true };
    expect(judgeRepository({ ...folder, hasProjectFile: false, pinned: [] }).mark).toBe('✓');
    expect(judgeRepository({ ...folder, hasProjectFile: true, pinned: ['torch'] }).mark).toBe('✓');
    expect(judgeRepository({ ...folder, hasProjectFile: false, pinned: ['torch'] }).errors[0]?.message).toBe(
      '/repo/pyproject.toml does not exist, but pins names torch, whose version stands there',
    );
    expect(
      judgeRepository({ ...folder, exists: false, hasProjectFile: false, pinned: [] }).errors[0]?.message,
    ).toBe('/repo is not a folder');
  });

  it('shows branch, short commit and whether the tree is dirty', () => {
    const state = { kind: 'state', sha, branch: 'main', dirty: true } as const;
    expect(judgeGit(state, null)).toMatchObject({ mark: '✓', lines: ['git: main @ 01234567 (dirty)'] });
  });

  it('makes no commit an error here, not after hours', () => {
    const reading = { kind: 'failed', message: 'git failed', remedy: 'commit first' } as const;
    expect(judgeGit(reading, null).errors).toEqual([{ message: 'git failed', remedies: ['commit first'] }]);
  });

  it("refuses another commit than the session's", () => {
    const state = { kind: 'state', sha, branch: 'main', dirty: false } as const;
    expect([judgeGit(state, sha).mark, judgeGit(state, 'f'.repeat(40)).mark]).toEqual(['✓', '✗']);
  });
});
