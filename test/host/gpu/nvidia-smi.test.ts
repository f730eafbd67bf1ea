import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { runCleanupScript } from '../../../src/host/gpu/cleanup-script.ts';
import {
  describeBlocker,
  formatBlocker,
  isFreeGpu,
  parseGpus,
  readGpus,
} from '../../../src/host/gpu/gpus.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

const program = fileURLToPath(new URL('../../fixtures/nvidia-smi/nvidia-smi', import.meta.url));
const twoGpus = '0, GPU-aaa, NVIDIA H20, 3, 97871\n1, GPU-bbb, NVIDIA H20, 71234, 97871\n';
let world: string;
const put = (file: string, text: string) => writeFileSync(join(world, file), text);

beforeEach(() => {
  world = temporaryFolder();
  process.env['NVIDIA_SMI_WORLD'] = world;
  put('gpus.csv', twoGpus);
  put('processes.csv', '');
});
afterEach(() => {
  delete process.env['NVIDIA_SMI_WORLD'];
  delete process.env['CALIB_NVIDIA_SMI'];
});

describe('reading the GPUs', () => {
  it('gives index, identity, memory and compute processes', async () => {
    put('processes.csv', `GPU-bbb, ${process.pid}, python -m server, with comma, 71000\n`);
    expect(await readGpus({ program })).toEqual({
      kind: 'gpus',
      gpus: [
        { index: 0, uuid: 'GPU-aaa', name: 'NVIDIA H20', usedMib: 3, totalMib: 97_871, processes: [] },
        {
          index: 1,
          uuid: 'GPU-bbb',
          name: 'NVIDIA H20',
          usedMib: 71_234,
          totalMib: 97_871,
          processes: [{ pid: process.pid, name: 'python -m server, with comma', usedMib: 71_000 }],
        },
      ],
    });
  });

  it('asks the program that CALIB_NVIDIA_SMI names', async () => {
    process.env['CALIB_NVIDIA_SMI'] = program;
    expect(await readGpus()).toMatchObject({ kind: 'gpus' });
  });

  it('says that it is missing', async () => {
    expect(await readGpus({ program: '/nonexistent/nvidia-smi' })).toMatchObject({ kind: 'missing' });
  });

  it('says that it hangs, even when a child of it keeps the pipe open', async () => {
    put('hang', '');
    expect(await readGpus({ program, timeoutMs: 100 })).toMatchObject({ kind: 'hanging' });
  });

  it('passes on what a failing one said', async () => {
    put('fail', 'NVIDIA-SMI has failed because it could not communicate with the driver\n');
    expect(await readGpus({ program })).toMatchObject({
      kind: 'failing',
      message: expect.stringContaining('code 9: NVIDIA-SMI has failed') as string,
    });
  });

  it('names a line that it does not understand', async () => {
    put('gpus.csv', '0, GPU-aaa, NVIDIA H20, [N/A], 97871\n');
    expect(await readGpus({ program })).toMatchObject({
      kind: 'unparsable',
      message: expect.stringContaining('[N/A]') as string,
    });
  });

  it('takes unknown memory of a process for unknown', () => {
    const [gpu] = parseGpus('0, GPU-aaa, NVIDIA H20, 3, 97871', 'GPU-aaa, 12, x, [N/A]');
    expect(gpu?.processes).toEqual([{ pid: 12, name: 'x', usedMib: null }]);
  });
});

describe('which GPUs are free', () => {
  const free = (usedMib: number, processes: string) =>
    parseGpus(`0, GPU-aaa, H20, ${usedMib}, 97871`, processes).every(isFreeGpu);

  it.each([
    [0, '', true],
    [2048, '', true],
    [2049, '', false],
    [0, 'GPU-aaa, 12, python, 10', false],
  ])('%i MiB with processes "%s": %s', (usedMib, processes, expected) => {
    expect(free(usedMib, processes)).toBe(expected);
  });
});

describe('naming what holds a GPU', () => {
  const blockerLine = async (processes: string) => {
    const [gpu] = parseGpus('0, GPU-aaa, H20, 71234, 97871', processes);
    return gpu === undefined ? '' : formatBlocker(await describeBlocker(gpu));
  };

  it('gives pid, owner and command line', async () => {
    expect(await blockerLine(`GPU-aaa, ${process.pid}, node, 70000`)).toMatch(
      new RegExp(`^GPU 0: 71234 MiB \\(limit 2048\\), pid ${process.pid} \\(\\S+\\) .*node`),
    );
  });

  it('does not look up a pid of another container', async () => {
    expect(await blockerLine('GPU-aaa, 1, [Not Found], 70000')).toBe(
      'GPU 0: 71234 MiB (limit 2048), pid 1 of another container (invisible here)',
    );
  });

  it('says when nobody to be seen holds the memory', async () => {
    expect(await blockerLine('')).toBe('GPU 0: 71234 MiB (limit 2048), no visible process holds it');
  });
});

describe("a dedicated host's clean-up script", () => {
  const run = (script: string, more: object = {}) => {
    writeFileSync(join(world, 'clean.sh'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return runCleanupScript({
      script: 'clean.sh',
      repoRoot: world,
      gpuIndices: [2, 3],
      env: { PATH: '/usr/bin:/bin', CUDA_VISIBLE_DEVICES: '0,1,2,3' },
      ...more,
    });
  };

  it("sees the lane's GPUs only", async () => {
    expect(await run('test "$CUDA_VISIBLE_DEVICES" = 2,3')).toEqual({ kind: 'done' });
  });

  it('gets its arguments as they are: no shell reads them', async () => {
    const args = ['--wait', '5', 'a b', '$HOME'];
    const script = 'test "$#" = 4 && test "$3" = "a b" && test "$4" = \'$HOME\'';
    expect(await run(script, { args })).toEqual({ kind: 'done' });
    expect(await run(script)).toMatchObject({ kind: 'failed' });
  });

  it('reports its failure with its last words', async () => {
    expect(await run('echo still busy; exit 4')).toEqual({
      kind: 'failed',
      message: 'clean.sh ended with code 4: still busy',
    });
  });

  it('is ended at its time limit', async () => {
    expect(await run('sleep 60', { timeoutMs: 100 })).toEqual({
      kind: 'failed',
      message: 'clean.sh did not end within 0.1 s',
    });
  });

  it('is not run for a lane without GPUs, where no number would mean all', async () => {
    expect(await run('exit 4', { gpuIndices: [] })).toEqual({ kind: 'skipped' });
  });

  it('is reported when it does not exist', async () => {
    expect(await run('', { script: 'none.sh' })).toMatchObject({
      kind: 'failed',
      message: expect.stringContaining('ENOENT') as string,
    });
  });
});
