import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { parseModelConfig } from '../../../src/domain/catalog/model-config.ts';
import { readHostDevice } from '../../../src/host/gpu/host-device.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

function config(key: string) {
  const yaml = `name: m\nhf_datasets: []\nmetric_sources: {test_x.py: {device_key: ${key}}}\n`;
  return parseModelConfig({ file: 'config.yaml', yaml, directoryName: 'm' }).value;
}

/** A driver that lists GPUs of the given names. */
function driver(...names: string[]): string {
  const program = join(temporaryFolder(), 'nvidia-smi');
  const rows = names.map((name, index) => `${index}, GPU-${index}, ${name}, 0, 1000`);
  writeFileSync(
    program,
    `#!/bin/sh\ncase "$1" in --query-gpu*) printf '%s\\n' "${rows.join('" "')}";; esac\n`,
  );
  chmodSync(program, 0o755);
  return program;
}

describe('the device of a host', () => {
  test("is the profile's, whatever the driver says", async () => {
    const profile = { gpu_model: 'H200', device_names: { H200: 'h200' } };
    const device = await readHostDevice({ config: config('gpu'), profile, program: driver('NVIDIA H100') });
    expect(device).toEqual({ gpu: 'H200', names: { H200: 'h200' } });
  });

  test('is asked of the driver where the profile says none, and only for a config that needs it', async () => {
    const program = driver('NVIDIA H200', 'NVIDIA H200');
    expect(await readHostDevice({ config: config('gpu'), profile: null, program })).toEqual({
      gpu: 'NVIDIA H200',
      names: {},
    });
    expect(await readHostDevice({ config: config('H200'), profile: null, program })).toEqual({
      gpu: null,
      names: {},
    });
  });

  test('is not known on a machine of several kinds, or without a driver', async () => {
    const mixed = { config: config('gpu'), profile: null, program: driver('NVIDIA H200', 'NVIDIA H100') };
    expect((await readHostDevice(mixed)).gpu).toBeNull();
    expect((await readHostDevice({ ...mixed, program: '/nonexistent/nvidia-smi' })).gpu).toBeNull();
  });
});
