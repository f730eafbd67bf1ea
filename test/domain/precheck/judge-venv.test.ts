import { describe, expect, it } from 'vitest';

import {
  type ImportsQuestion,
  type InstallQuestion,
  judgeImports,
  judgeInstall,
} from '../../../src/domain/precheck/judge-venv.ts';
import type { ImportFacts } from '../../../src/domain/precheck/venv-facts.ts';

const places = { repoRoot: '/repo', venvPython: '/venv/bin/python' };
const sync = 'cd /repo && uv pip install --python /venv/bin/python -e .';

describe('the install of the checkout', () => {
  const editable = { version: '1.0', editable: true, url: 'file:///repo' };
  function judge(more: Partial<InstallQuestion> = {}) {
    return judgeInstall({
      projectName: 'nova',
      install: editable,
      pointsHere: true,
      needed: true,
      ...places,
      ...more,
    });
  }

  it('passes an editable install of this checkout', () => {
    expect(judge()).toMatchObject({ mark: '✓', lines: ['install: nova 1.0, editable from this checkout'] });
  });

  it.each<[string, Partial<InstallQuestion>, string]>([
    [
      'another checkout',
      { pointsHere: false, install: { ...editable, url: 'file:///old' } },
      'nova 1.0 is installed from file:///old, not from /repo',
    ],
    [
      'a copy',
      { install: { version: '1.0', editable: false, url: null } },
      'nova 1.0 is installed as a copy, so the tests may run other code than /repo holds',
    ],
    [
      'none',
      { install: null },
      'nova is not installed for /venv/bin/python: the tests would run without its console scripts',
    ],
  ])('refuses %s and suggests the editable install only', (_what, more, message) => {
    expect(judge(more).errors).toEqual([{ message, remedies: [sync] }]);
  });

  it('is not needed by a suite that imports nothing of its own', () => {
    expect(judge({ install: null, needed: false }).mark).toBe('·');
  });
});

describe('imports', () => {
  function judge(facts: Partial<ImportFacts>, more: Partial<ImportsQuestion> = {}) {
    return judgeImports({
      modules: ['torch', 'sglang'],
      reading: { kind: 'facts', facts: { errors: { torch: null, sglang: null }, cuda: null, ...facts } },
      gpusGiven: null,
      isProject: true,
      hasSlice: true,
      ...places,
      ...more,
    });
  }
  const cuda = { available: true, count: 2, version: '13.0' };

  it('passes when all import and torch sees the GPUs it was given', () => {
    expect(judge({ cuda }, { gpusGiven: 2 })).toMatchObject({
      mark: '✓',
      lines: ['imports: torch, sglang', '✓ torch', '✓ sglang', 'torch sees 2 GPU(s), CUDA 13.0'],
    });
  });

  it('names what does not import, and warns that the preparation script deletes OMNI_CI_HOME', () => {
    const [gap] = judge({ errors: { torch: null, sglang: 'ImportError: no' } }).errors;
    expect(gap?.message).toBe('these do not import in /venv/bin/python: sglang (ImportError: no)');
    expect(gap?.remedies[0]).toBe(sync);
    expect(gap?.remedies.at(-1)).toContain('its fresh path deletes $OMNI_CI_HOME');
  });

  it('names each missing module in its remedy, and no script of a suite that is not there', () => {
    const [gap] = judge(
      { errors: { torch: null, sglang: 'ModuleNotFoundError' } },
      { isProject: false, hasSlice: false },
    ).errors;
    expect(gap?.remedies).toEqual([
      "see why: /venv/bin/python -c 'import sglang'",
      "install what provides sglang; or, where no test needs it, take it out of imports in the model's config.yaml",
    ]);
  });

  it('says how to get pytest where the interpreter has none', () => {
    const errors = { pytest: "ModuleNotFoundError: No module named 'pytest'" };
    const [gap] = judge({ errors }, { modules: ['pytest'], hasSlice: false }).errors;
    expect(gap?.message).toContain("pytest (ModuleNotFoundError: No module named 'pytest')");
    expect(gap?.remedies).toEqual([
      '/venv/bin/python -m pip install pytest',
      'or name the interpreter that has it: --venv-python FILE, TUNE_VENV_PYTHON, venv_python in the host profile',
    ]);
  });

  it.each([
    [{ ...cuda, available: false, count: 0 }, 'torch sees no GPU(s), CUDA 13.0, but was given 2'],
    [{ ...cuda, count: 1 }, 'torch sees 1 GPU(s), CUDA 13.0, but was given 2'],
  ])('refuses a torch that does not see the GPUs', (seen, message) => {
    expect(judge({ cuda: seen }, { gpusGiven: 2 }).errors[0]?.message).toBe(message);
  });

  it('does not ask for GPUs where none is needed', () => {
    expect(judge({ cuda: { ...cuda, available: false } }).errors).toEqual([]);
  });

  it('says so when the process did not end', () => {
    const reading = { kind: 'failed', message: 'no answer within 180 s' } as const;
    expect(judge({}, { reading }).errors[0]?.message).toBe(
      'importing torch, sglang with /venv/bin/python failed: no answer within 180 s',
    );
  });
});
