import { describe, expect, it } from 'vitest';

import { type GpuGateOptions, waitForGpus } from '../../../src/host/gpu/gpu-gate.ts';
import { type GpuReading, parseGpus } from '../../../src/host/gpu/gpus.ts';

const used = (...usedMib: number[]): GpuReading => ({
  kind: 'gpus',
  gpus: parseGpus(usedMib.map((mib, index) => `${index}, GPU-${index}, H20, ${mib}, 97871`).join('\n'), ''),
});
const failing: GpuReading = { kind: 'failing', message: 'driver error', remedy: 'Look.' };

/** A gate over a script of readings (the last one stays), with a clock that only sleeping moves. */
function gate(readings: GpuReading[], more: Partial<GpuGateOptions> = {}) {
  let clockMs = 0;
  let looks = 0;
  const waits: string[] = [];
  const result = waitForGpus({
    indices: [0, 1],
    read: () => Promise.resolve(readings[Math.min(looks++, readings.length - 1)] ?? failing),
    now: () => clockMs,
    sleep: (milliseconds) => {
      clockMs += milliseconds;
      return Promise.resolve();
    },
    onWaiting: (wait) => {
      waits.push(wait.text);
    },
    ...more,
  });
  return { result, waits, looks: () => looks };
}

describe('the GPU gate', () => {
  it('opens on a free lane after a second look 3 s later', async () => {
    const { result, looks } = gate([used(0, 2048)]);
    expect([await result, looks()]).toMatchObject([{ kind: 'open', waitedMs: 3000 }, 2]);
  });

  it('gives the GPUs of the lane', async () => {
    const { result } = gate([used(0, 0, 0)], { indices: [1, 2] });
    expect(await result).toMatchObject({ gpus: [{ uuid: 'GPU-1' }, { uuid: 'GPU-2' }] });
  });

  it('does not care for GPUs outside the lane', async () => {
    expect(await gate([used(0, 90_000)], { indices: [0] }).result).toMatchObject({ kind: 'open' });
  });

  it('polls every 5 s while a GPU is busy, and says what it waits for', async () => {
    const { result, waits } = gate([used(0, 4096), used(0, 4096), used(0, 0)]);
    expect([await result, waits]).toMatchObject([
      { kind: 'open', waitedMs: 13_000 },
      Array.from({ length: 2 }, () => 'GPU 1: 4096 MiB (limit 2048), no visible process holds it'),
    ]);
  });

  it('goes back to waiting when a GPU fills again before the launch', async () => {
    const { result, waits } = gate([used(0, 0), used(5000, 0), used(0, 0)]);
    expect([await result, waits.length]).toMatchObject([{ kind: 'open' }, 1]);
  });

  it('stays closed at the deadline, naming what holds it', async () => {
    const { result } = gate([used(0, 70_000)], { deadlineMs: 600_000 });
    expect(await result).toMatchObject({
      kind: 'closed',
      waitedMs: 600_000,
      blockers: [{ index: 1, usedMib: 70_000, processes: [] }],
      reason: expect.stringMatching(/^GPU memory not released within 600 s: GPU 1/) as string,
    });
  });

  it('waits out an nvidia-smi that fails for a while', async () => {
    const { result, waits } = gate([failing, used(0, 0)]);
    expect([await result, waits]).toMatchObject([{ kind: 'open' }, ['driver error. Look.']]);
  });

  it('closes at once without nvidia-smi', async () => {
    const missing: GpuReading = { kind: 'missing', message: 'no nvidia-smi', remedy: 'Install it.' };
    const { result } = gate([missing]);
    expect(await result).toMatchObject({ kind: 'closed', waitedMs: 0, reason: 'no nvidia-smi. Install it.' });
  });

  it('closes at once when the lane names a GPU that the host does not have', async () => {
    const { result } = gate([used(0)], { indices: [0, 7] });
    expect(await result).toMatchObject({ kind: 'closed', reason: 'nvidia-smi shows no GPU 7; it shows 0' });
  });

  it('asks nobody for a lane without GPUs', async () => {
    const { result, looks } = gate([failing], { indices: [] });
    expect([await result, looks()]).toEqual([{ kind: 'open', waitedMs: 0, gpus: [] }, 0]);
  });

  it('ends its waiting when aborted', async () => {
    const controller = new AbortController();
    const { result } = gate([used(0, 70_000)], {
      signal: controller.signal,
      onWaiting: () => controller.abort(new Error('cancelled')),
    });
    await expect(result).rejects.toThrow('cancelled');
  });
});
