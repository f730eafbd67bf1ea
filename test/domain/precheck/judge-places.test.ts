import { describe, expect, it } from 'vitest';

import { judgeGit, judgeInterpreter, judgeRepository } from '../../../src/domain/precheck/judge-places.ts';

const sha = '0123456789abcdef0123456789abcdef01234567';

describe('interpreter, repository and commit (spec 04 §2 rows 2–5)', () => {
  it('shows the interpreter, where it comes from, and the candidates in order', () => {
    const question = { python: '/b/python', source: 'config', candidates: ['/a/python', '/b/python'] };
    expect(judgeInterpreter({ ...question, state: 'executable' })).toMatchObject({
      mark: '✓',
      lines: ['venv_python: /b/python (config)', '(tried in order: /a/python, /b/python)'],
    });
  });

  it('names all candidates when none exists', () => {
    const question = { python: '/b/python', source: 'config', candidates: ['/a/python', '/b/python'] };
    expect(judgeInterpreter({ ...question, state: 'missing' }).errors[0]?.message).toBe(
      'no interpreter: none of /a/python, /b/python exists',
    );
  });

  it('tells a file that cannot be executed from a missing one', () => {
    const question = { python: '/a/python', source: 'flag', candidates: [] };
    expect(judgeInterpreter({ ...question, state: 'not executable' }).errors[0]?.message).toBe(
      '/a/python cannot be executed',
    );
  });

  it('wants a pyproject.toml', () => {
    expect(judgeRepository('/repo', true).mark).toBe('✓');
    expect(judgeRepository('/repo', false).errors[0]?.message).toBe('/repo/pyproject.toml does not exist');
  });

  it('shows branch, short commit and whether the tree is dirty', () => {
    const state = { kind: 'state', sha, branch: 'main', dirty: true } as const;
    expect(judgeGit(state, null)).toMatchObject({ mark: '✓', lines: ['git: main @ 01234567 (dirty)'] });
  });

  it('makes no commit an error here, not after hours (spec 04 §13 item 8)', () => {
    const reading = { kind: 'failed', message: 'git failed', remedy: 'commit first' } as const;
    expect(judgeGit(reading, null).errors).toEqual([{ message: 'git failed', remedies: ['commit first'] }]);
  });

  it("refuses another commit than the session's", () => {
    const state = { kind: 'state', sha, branch: 'main', dirty: false } as const;
    expect([judgeGit(state, sha).mark, judgeGit(state, 'f'.repeat(40)).mark]).toEqual(['✓', '✗']);
  });
});
