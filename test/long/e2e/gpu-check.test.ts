import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { execa } from 'execa';
import { expect, test } from 'vitest';

import { temporaryFolder } from '../../fixtures/temporary-folder.ts';
import { writeText } from '../../fixtures/write-text.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Holds memory on the stand-in GPU: a file of its own, which counts while the process lives. */
const standInMemory = (held: string) => `import os
import sys
import time


class GpuMemory:
    def __init__(self, mib):
        with open(os.path.join(${JSON.stringify(held)}, str(os.getpid())), "w") as file:
            file.write(str(mib))

    def fill(self):
        time.sleep(0.01)


if __name__ == "__main__":
    memory = GpuMemory(int(sys.argv[1]))
    print("holding", sys.argv[1], flush=True)
    time.sleep(240)
`;

/** Runs the check on a machine whose one GPU is a stand-in. */
async function gpuCheck(options: { broken?: boolean } = {}) {
  const world = temporaryFolder();
  const held = join(world, 'held');
  mkdirSync(held);
  const program = join(world, 'nvidia-smi');
  cpSync(join(root, 'test/fixtures/gpu-check/nvidia-smi'), program);
  if (options.broken === true) writeText(program, '#!/bin/sh\necho "no devices were found" >&2\nexit 6\n');
  chmodSync(program, 0o755);
  const memory = join(world, 'gpu_memory.py');
  writeText(memory, standInMemory(held));
  const env = {
    CALIB_NVIDIA_SMI: program,
    CALIB_STAND_IN_GPU: held,
    CALIB_GPU_CHECK_MEMORY: memory,
    TMPDIR: world,
  };
  const run = await execa(process.execPath, [join(root, 'scripts/gpu-check.mjs')], { env, reject: false });
  const folders = readdirSync(world).filter((name) => name.startsWith('calib-gpu-check-'));
  const table = Object.fromEntries(
    run.stdout
      .split('\n')
      .filter((line) => /^\| \w/.test(line))
      .map((line) => line.split('|').map((cell) => cell.trim()))
      .map(([, name, result, , detail]) => [name, { result, detail }]),
  );
  const alive = readdirSync(held).filter((pid) => isAlive(pid));
  return { ...run, table, folders, alive };
}

function isAlive(pid: string): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

test('the GPU check goes through gate, lease and a session, prints a table, and leaves nothing', async () => {
  const { exitCode, table, folders, alive, stdout, stderr } = await gpuCheck();
  const names = [
    'inventory',
    'gate open',
    'gate closed',
    'gate opens again',
    'lane lease',
    'session',
    'clean-up',
  ];
  const results = Object.fromEntries([...names, 'nothing left'].map((name) => [name, { result: 'ok' }]));
  expect(table, stdout + stderr).toMatchObject(results);
  expect(table['gate closed']?.detail).toMatch(/GPU 0: 2308 MiB \(limit 2048\), pid \d+/);
  expect(table['session']?.detail).toContain('what the tests left behind was ended');
  expect([exitCode, folders, alive]).toEqual([0, [], []]);
}, 300_000);

test('the GPU check of a machine without a GPU says so in its table, and starts nothing', async () => {
  const { exitCode, table, folders } = await gpuCheck({ broken: true });
  expect(exitCode).toBe(1);
  expect(table).toMatchObject({
    inventory: { result: 'FAILED', detail: expect.stringContaining('no devices were found') as string },
    'nothing left': { result: 'ok' },
  });
  expect(folders).toEqual([]);
}, 120_000);
