import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { affinityPrefix, usableCpus } from '../../../src/host/process/cpu-affinity.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

const here = { usable: [0, 1, 2, 3, 66] };

test('the CPUs that a process may use are what the kernel says of it', async () => {
  const file = join(temporaryFolder(), 'status');
  await writeFile(file, 'Name:\tnode\nCpus_allowed:\tf\nCpus_allowed_list:\t2-4,66\nMems_allowed_list:\t0\n');
  expect(await usableCpus(file)).toEqual([2, 3, 4, 66]);
  expect(await usableCpus(`${file}.missing`)).toBeNull();
});

describe('binding a command to CPUs', () => {
  test('is taskset before it', async () => {
    expect(await affinityPrefix('2-3,66', 'lane0', here)).toEqual([
      expect.stringMatching(/^\/.*\/taskset$/),
      '-c',
      '2-3,66',
    ]);
  });

  test('is refused when a CPU cannot be used here: the kernel would take the rest without a word', async () => {
    await expect(affinityPrefix('2-5', 'lane0', here)).rejects.toThrow(
      'lane lane0 wants CPUs 2-5, but 4-5 cannot be used here (usable: 0-3,66)',
    );
  });

  test('is refused without taskset', async () => {
    await expect(affinityPrefix('2', 'lane0', { ...here, searchPath: '/nowhere:bin' })).rejects.toThrow(
      'lane lane0 names CPUs, but there is no taskset in PATH',
    );
  });

  test('is left to the kernel where it does not say which there are', async () => {
    expect(await affinityPrefix('2-5', 'lane0', { usable: null })).toHaveLength(3);
  });
});
