import { describe, expect, it } from 'vitest';

import { lanesOf, parseHostProfile } from '../../../src/domain/catalog/host-profile.ts';

const parse = (yaml: string) => parseHostProfile({ file: 'hosts/h.yaml', yaml });

describe('lanes of a host profile', () => {
  it('have names by their position unless they have one', () => {
    const { value, warnings } = parse(`lanes:
  - {gpus: [1, 0], cpus: "2-15,66-79", cache_root: /cache/a}
  - {gpus: [2, 3], name: quiet}
`);
    expect(warnings).toEqual([]);
    expect(lanesOf(value)).toEqual([
      { name: 'lane0', gpus: [0, 1], cpus: '2-15,66-79', cache_root: '/cache/a' },
      { name: 'quiet', gpus: [2, 3] },
    ]);
    expect(lanesOf(parse('name: h\n').value)).toEqual([]);
  });

  it('warns of a key that it does not know, with its line', () => {
    const { value, warnings } = parse('lanes:\n  - {gpus: [0], cpu: "1"}\n');
    expect(warnings).toEqual([
      expect.stringMatching(/^hosts\/h.yaml:2:\d+: lanes.0.cpu: unknown key, ignored; did you mean cpus\?$/),
    ]);
    expect(lanesOf(value)).toEqual([{ name: 'lane0', gpus: [0] }]);
  });

  it.each([
    ['lanes: []\n', 'at least one lane'],
    ['lanes: 2\n', 'a list of lanes'],
    ['lanes: [[0, 1]]\n', 'a map with gpus'],
    ['lanes:\n  - {cpus: "1"}\n', 'a list of GPU indices'],
    ['lanes:\n  - {gpus: [-1]}\n', 'a GPU index'],
    ['lanes:\n  - {gpus: [0], cpus: 5-2}\n', 'a CPU list such as'],
    ['lanes:\n  - {gpus: [0], cache_root: caches}\n', 'an absolute path'],
    ['lanes:\n  - {gpus: [0], name: "a,b"}\n', 'begins with a letter'],
    ['lanes:\n  - {gpus: [0, 0]}\n', "GPU 0 is lane0's already"],
    [
      'lanes:\n  - {gpus: [0, 1]}\n  - {gpus: [1, 2]}\n',
      "GPUs that no other lane has; GPU 1 is lane0's already",
    ],
    [
      'lanes:\n  - {gpus: [0], cpus: 0-3}\n  - {gpus: [1], cpus: 3-5}\n',
      "CPUs that no other lane has; CPU 3 is lane0's already",
    ],
    ['lanes:\n  - {gpus: [0], name: lane1}\n  - {gpus: [1]}\n', 'a name of its own'],
    [
      'lanes:\n  - {gpus: [0], cache_root: /c}\n  - {gpus: [1], cache_root: /c}\n',
      'a folder that no other lane has',
    ],
    ['gpu_count: 2\nlanes:\n  - {gpus: [1, 2]}\n', 'indices below gpu_count, which is 2'],
  ])('refuses %j', (yaml, valid) => {
    expect(() => parse(yaml)).toThrow(valid);
    expect(() => parse(yaml)).toThrow(/^hosts\/h.yaml:\d+:\d+: lanes/);
  });
});
