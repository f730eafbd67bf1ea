import { describe, expect, it } from 'vitest';

import { judgePins, type PinsQuestion } from '../../../src/domain/precheck/judge-venv.ts';
import { findPin, matchesPin } from '../../../src/domain/python-packages/python-requirements.ts';

function judge(versions: Record<string, string | null>, more: Partial<PinsQuestion> = {}) {
  return judgePins({
    rules: [
      { package: 'sglang', match: 'exact' },
      { package: 'torch', match: 'release' },
    ],
    project: { name: 'sglang-omni', dependencies: ['sglang[all]==0.5.12.post1', 'torch==2.11.0'] },
    venv: { python: '3.11.7', markers: {}, versions, project: null, modules: {} },
    skipVersionCheck: false,
    repoRoot: '/repo',
    venvPython: '/venv/bin/python',
    ...more,
  });
}
const right = { sglang: '0.5.12.post1', torch: '2.11.0+cu130' };

describe('pins', () => {
  it('passes for the exact version, and for the same release with any local suffix', () => {
    const { result, versions, pins } = judge(right);
    expect(result).toEqual({
      id: 'pins',
      mark: '✓',
      lines: [
        'pins:',
        'sglang: 0.5.12.post1 (pin 0.5.12.post1) [ok]',
        'torch: 2.11.0+cu130 (pin 2.11.0) [ok]',
      ],
      errors: [],
      warnings: [],
    });
    expect([versions, pins]).toEqual([right, { sglang: '0.5.12.post1', torch: '2.11.0' }]);
  });

  it('names version, pin and the one command for a mismatch', () => {
    const { result } = judge({ ...right, sglang: '0.5.11' });
    expect(result.lines[1]).toBe('sglang: 0.5.11 (pin 0.5.12.post1) [mismatch]');
    expect(result.errors).toEqual([
      {
        message: 'sglang 0.5.11 is installed, pyproject.toml pins 0.5.12.post1: wanted exactly that version',
        remedies: ['cd /repo && uv pip install --python /venv/bin/python -e .'],
      },
    ]);
  });

  it('makes a mismatch a warning with --skip-version-check', () => {
    const { result } = judge({ ...right, torch: '2.10.0' }, { skipVersionCheck: true });
    expect([result.mark, result.errors, result.warnings.length]).toEqual(['✓', [], 1]);
  });

  it('keeps a package that is not installed an error with --skip-version-check', () => {
    const { result } = judge({ ...right, torch: null }, { skipVersionCheck: true });
    expect(result.errors.map(({ message }) => message)).toEqual([
      'torch is not installed for /venv/bin/python (pyproject.toml pins 2.11.0)',
    ]);
  });

  it('takes a package without an exact pin for a mismatch', () => {
    const project = { name: null, dependencies: ['torch>=2.11', 'sglang==0.5.12.post1'] };
    expect(judge(right, { project }).result.errors[0]?.message).toBe(
      'torch 2.11.0+cu130 is installed, but pyproject.toml has no exact pin for it in project.dependencies: found "torch>=2.11"',
    );
  });

  it('has nothing to check without rules', () => {
    expect(judge({}, { rules: [] }).result).toMatchObject({ mark: '·', lines: ['pins: none configured'] });
  });

  it('takes the pin whose marker holds for the interpreter', () => {
    const dependencies = ['Torch==2.9.0; python_version < "3.11"', 'torch==2.11.0; python_version >= "3.11"'];
    expect(findPin(dependencies, 'torch', { python_version: '3.11' }).version).toBe('2.11.0');
  });

  it.each([
    ['2.11.01', '2.11.0', 'release', false],
    ['2.11.0', '2.11', 'release', true],
    ['2.11.0.post1', '2.11.0', 'release', false],
    ['2.11.0+cu130', '2.11.0', 'exact', false],
    ['2.11.0+cu130', '2.11.0+cu128', 'release', false],
    ['2.11.4', '2.11.*', 'exact', true],
    ['odd-version', 'odd-version', 'exact', true],
  ] as const)('finds %s against pin %s (%s): %s', (installed, pin, match, expected) => {
    expect(matchesPin(installed, pin, match)).toBe(expected);
  });
});
