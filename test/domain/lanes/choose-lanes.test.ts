import { describe, expect, it } from 'vitest';

import { chooseLanes, type Lane, refuseTooLargeUnits } from '../../../src/domain/lanes/lanes.ts';

const declared: Lane[] = [
  { name: 'lane0', gpus: [0, 1], cpus: '2-15' },
  { name: 'lane1', gpus: [2, 3] },
  { name: 'odd', gpus: [5] },
];
const names = (asked: string | null) => chooseLanes(declared, asked).table?.map(({ name }) => name);

describe('the lanes of a session', () => {
  it('are all that the host declares', () => {
    expect(chooseLanes(declared, null)).toEqual({ count: 3, table: declared });
  });

  it.each([
    ['2', ['lane0', 'lane1']],
    ['0,2', ['lane0', 'odd']],
    ['odd,lane0', ['lane0', 'odd']],
    ['1,', ['lane1']],
  ])('--lanes %s narrows to %j', (asked, expected) => {
    expect(names(asked)).toEqual(expected);
  });

  it.each(['0', '4', '0,3', 'lane7', ','])('--lanes %s is refused, naming the lanes there are', (asked) => {
    expect(() => chooseLanes(declared, asked)).toThrow(
      `--lanes ${asked}: this host has lane0 (GPU 0,1; CPUs 2-15), lane1 (GPU 2,3), odd (GPU 5)`,
    );
  });

  it('without declared ones are one, or as many as are asked for, on any free GPUs', () => {
    expect([chooseLanes([], null), chooseLanes([], '4')]).toEqual([{ count: 1 }, { count: 4 }]);
    expect(() => chooseLanes([], 'lane0')).toThrow('this host declares no lanes');
  });

  it('must be large enough for every unit', () => {
    const units = [
      { namespace: 'small', gpus: 2 },
      { namespace: 'large', gpus: 4 },
    ];
    expect(() => refuseTooLargeUnits(declared, units)).toThrow('no lane has GPUs enough for large (4)');
    expect(() => refuseTooLargeUnits(declared, units.slice(0, 1))).not.toThrow();
  });
});
