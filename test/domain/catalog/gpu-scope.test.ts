import { describe, expect, test } from 'vitest';

import { gpuScope } from '../../../src/domain/catalog/gpu-scope.ts';
import { lanesOf, parseHostProfile } from '../../../src/domain/catalog/host-profile.ts';

const groups = 'gpu_group_cpusets:\n  "0,1": "2-15,66-79"\n  "3,2": "16-31"\n  "6,7": "32-47"\n';

function profile(yaml: string) {
  return parseHostProfile({ file: 'hosts/h.yaml', yaml }).value;
}

describe("the original's keys for GPUs", () => {
  test('each group with CPUs of its own is a lane, unless one of its GPUs is excluded', () => {
    expect(lanesOf(profile(`gpu_exclude: [6, 7]\n${groups}`))).toEqual([
      { name: 'lane0', gpus: [0, 1], cpus: '2-15,66-79' },
      { name: 'lane1', gpus: [2, 3], cpus: '16-31' },
    ]);
  });

  test('two-digit indices are numbers, and what is left of the GPUs without lanes is one lane', () => {
    const { gpus } = lanesOf(profile('gpu_exclude: [10, 11]\ngpu_count: 12\n'))[0] ?? { gpus: [] };
    expect(gpus).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test.each([
    ['gpu_exclude: [6]\n', 'gpu_count'],
    ['gpu_exclude: [0]\ngpu_count: 1\n', 'fewer GPUs'],
    [`gpu_exclude: [0, 2, 6]\n${groups}`, 'at least one lane'],
    ['gpu_group_cpusets: {"0,1": "2-4", "1,2": "5-6"}\n', "GPU 1 is lane0's already"],
    ['gpu_group_cpusets: {"0,1": "2-4", "2,3": "4-6"}\n', "CPU 4 is lane0's already"],
    ['gpu_group_cpusets: {"a": "2-4"}\n', 'GPU indices such as "0,1"'],
    ['gpu_group_cpusets: {"0": "x"}\n', 'a CPU list such as'],
  ])('%j is refused', (yaml, message) => {
    expect(() => profile(yaml)).toThrow(message);
  });
});

describe('its variables', () => {
  const declared = profile(`gpu_exclude: [6, 7]\n${groups}`);

  test('win over the profile', () => {
    const names = (env: Record<string, string>) =>
      lanesOf(declared, gpuScope(env)).map(({ gpus }) => gpus.join());
    expect(names({})).toEqual(['0,1', '2,3']);
    expect(names({ TUNE_GPU_EXCLUDE: '0, 1' })).toEqual(['2,3', '6,7']);
    expect(names({ TUNE_GPU_INCLUDE: '0,1,2' })).toEqual(['0,1']);
    expect(lanesOf({}, gpuScope({ TUNE_GPU_INCLUDE: '5,4' }))).toEqual([{ name: 'lane0', gpus: [4, 5] }]);
  });

  test.each([
    [{ TUNE_GPU_INCLUDE: 'all' }, 'TUNE_GPU_INCLUDE: found "all"'],
    [{ TUNE_GPU_INCLUDE: '1', TUNE_GPU_EXCLUDE: '1' }, 'no GPU is left'],
    [{ TUNE_GPU_INCLUDE: '1,2' }, 'leave no lane'],
  ])('%j is refused, never ignored', (env, message) => {
    expect(() => lanesOf(declared, gpuScope(env))).toThrow(message);
  });
});
