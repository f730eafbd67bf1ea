import { describe, expect, it } from 'vitest';

import { parseRequirement } from '../../../src/domain/python-packages/python-requirements.ts';

describe('dependencies as PEP 508 writes them', () => {
  it.each([
    ['sglang', { name: 'sglang', extras: [], clauses: [], marker: null }],
    [
      'SGLang_Omni == 1.0',
      { name: 'sglang-omni', extras: [], clauses: [{ operator: '==', version: '1.0' }], marker: null },
    ],
    [
      'sglang[srt, all]==0.5.12.post1',
      {
        name: 'sglang',
        extras: ['srt', 'all'],
        clauses: [{ operator: '==', version: '0.5.12.post1' }],
        marker: null,
      },
    ],
    [
      'torch==2.11.0;python_version>="3.10"',
      {
        name: 'torch',
        extras: [],
        clauses: [{ operator: '==', version: '2.11.0' }],
        marker: 'python_version>="3.10"',
      },
    ],
    [
      'requests (>=2,<3)',
      {
        name: 'requests',
        extras: [],
        clauses: [
          { operator: '>=', version: '2' },
          { operator: '<', version: '3' },
        ],
        marker: null,
      },
    ],
    [
      'pkg @ https://example.org/a;b.whl ; os_name == "posix"',
      { name: 'pkg', extras: [], clauses: [], marker: 'os_name == "posix"' },
    ],
  ])('takes "%s" apart', (text, expected) => {
    expect(parseRequirement(text)).toEqual(expected);
  });

  it.each(['', '==1.0', 'torch 2.11', '-e .'])('does not take "%s" for a dependency', (text) => {
    expect(parseRequirement(text)).toBeNull();
  });
});
