import { join } from 'node:path';

import { describe, expect, it, vi } from 'vitest';

import { temporaryFolder } from '../fixtures/temporary-folder.ts';
import { nvidiaSmi } from '../host/precheck/precheck-world.ts';
import { HOME, poolWorld, reasonsOf } from './pool-world.ts';

describe('joinSession on the home host', () => {
  it('takes part with the run directory itself, and its lanes', async () => {
    const lanes = [{ name: 'lane0', gpus: [0] }];
    const world = await poolWorld();
    const plan = { ...world.plan, lanes: 1, lane_table: lanes };
    expect(await world.join({ plan }, { hostname: HOME })).toEqual({
      kind: 'joined',
      host: HOME,
      run_dir: world.plan.run_dir,
      lanes,
      slots: 1,
      gpus: 0,
      notes: [],
    });
  });

  it('takes part with no more lanes than its worker runs repeats at a time, and says so', async () => {
    const lane_table = [0, 1, 2].map((gpu) => ({ name: `lane${gpu}`, gpus: [gpu] }));
    const world = await poolWorld();
    const plan = { ...world.plan, lanes: 3, lane_table };
    expect(await world.join({ plan }, { hostname: HOME, lanes: 2 })).toMatchObject({
      lanes: [{ name: 'lane0' }, { name: 'lane1' }],
      notes: ['its worker runs 2 repeats at a time, so 1 of its lanes stay idle'],
    });
  });

  it('says how many GPUs a repeat may have', async () => {
    const world = await poolWorld();
    const smi = temporaryFolder({
      'gpus.csv': '0, GPU-0, H20, 3, 97871\n1, GPU-1, H20, 3, 97871\n',
      'processes.csv': '',
    });
    vi.stubEnv('NVIDIA_SMI_WORLD', smi);
    vi.stubEnv('CALIB_NVIDIA_SMI', nvidiaSmi);
    const plan = { ...world.plan, units: world.plan.units.map((unit) => ({ ...unit, gpus: 1 })) };
    expect(await world.join({ plan }, { hostname: HOME, gpus: [1] })).toMatchObject({ gpus: 1 });
  });

  it('asks again where the driver does not tell of its GPUs: none would be a lasting answer', async () => {
    const world = await poolWorld();
    vi.stubEnv('CALIB_NVIDIA_SMI', '/bin/false');
    const plan = { ...world.plan, units: world.plan.units.map((unit) => ({ ...unit, gpus: 1 })) };
    await expect(world.join({ plan }, { hostname: HOME })).rejects.toMatchObject({
      type: 'InfraFailure',
      nonRetryable: false,
    });
  });

  it('is refused where the run directory is not there: another machine has its name', async () => {
    const world = await poolWorld();
    const run_dir = join(temporaryFolder(), 'elsewhere');
    expect(reasonsOf(await world.join({ plan: { ...world.plan, run_dir } }, { hostname: HOME }))).toEqual([
      expect.stringMatching(/^a machine that goes by the name of the home host, .*CALIB_HOSTNAME/) as string,
    ]);
  });

  it("is refused where another session's directory stands there", async () => {
    const world = await poolWorld();
    const plan = { ...world.plan, session_id: '20260101T000000Z_other' };
    expect(await world.join({ plan }, { hostname: HOME })).toMatchObject({ kind: 'refused', host: HOME });
  });
});
