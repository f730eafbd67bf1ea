import { randomUUID } from 'node:crypto';

import { describe, expect, it, onTestFinished } from 'vitest';

import { acquireHostLock } from '../../../src/host/lock/host-lock.ts';
import { type LeaseFreeGpusOptions, leaseFreeGpus } from '../../../src/host/gpu/lease-free-gpus.ts';
import { type GpuReading, parseGpus } from '../../../src/host/gpu/gpus.ts';

const used = (...usedMib: number[]): GpuReading => ({
  kind: 'gpus',
  gpus: parseGpus(usedMib.map((mib, index) => `${index}, GPU-${index}, H20, ${mib}, 97871`).join('\n'), ''),
});

/** Asks over a script of readings (the last one stays), with a clock that only sleeping moves. */
async function lease(readings: GpuReading[], more: Partial<LeaseFreeGpusOptions> = {}) {
  let clockMs = 0;
  let looks = 0;
  const waits: string[] = [];
  const result = await leaseFreeGpus({
    count: 2,
    allowed: null,
    holder: 'me',
    deadlineMs: 20_000,
    scope: `test-${randomUUID()}`,
    read: () => Promise.resolve(readings[Math.min(looks++, readings.length - 1)] ?? used()),
    now: () => clockMs,
    sleep: (milliseconds) => {
      clockMs += milliseconds;
      return Promise.resolve();
    },
    onWaiting: ({ text }) => {
      waits.push(text);
    },
    ...more,
  });
  if (result.kind === 'open') onTestFinished(() => result.lease.release());
  return { result, waits, indices: result.kind === 'open' ? result.gpus.map(({ index }) => index) : [] };
}

async function held(resource: string, scope: string, holder = 'another session') {
  const result = await acquireHostLock({ resources: [resource], holder, scope });
  if (result.kind !== 'held') throw new Error('not held');
  onTestFinished(() => result.lease.release());
  return result.lease;
}

describe('taking free GPUs', () => {
  it('takes the lowest free ones', async () => {
    expect((await lease([used(0, 2049, 2048, 0)])).indices).toEqual([0, 2]);
  });

  it('takes them among those allowed', async () => {
    expect((await lease([used(0, 0, 0, 0)], { allowed: [1, 3] })).indices).toEqual([1, 3]);
  });

  it('passes over what others hold', async () => {
    const scope = `test-${randomUUID()}`;
    await held('gpu/GPU-0', scope);
    expect((await lease([used(0, 0, 0)], { scope })).indices).toEqual([1, 2]);
  });

  it('waits until enough are free, and says for whom', async () => {
    const { indices, waits } = await lease([used(0, 4096), used(0, 4096), used(0, 0)]);
    expect([indices, waits]).toEqual([
      [0, 1],
      Array.from(
        { length: 2 },
        () => 'need 2 GPU(s): GPU 1: 4096 MiB (limit 2048), no visible process holds it',
      ),
    ]);
  });

  it('stays closed at the deadline', async () => {
    expect((await lease([used(0, 4096)])).result).toMatchObject({
      kind: 'closed',
      leased: false,
      waitedMs: 20_000,
      reason: expect.stringMatching(/GPU 1: 4096 MiB.*\(waited 20 s\)$/),
    });
  });

  it('tells calib from foreigners when it stays closed', async () => {
    const scope = `test-${randomUUID()}`;
    await held('gpu/GPU-1', scope);
    expect((await lease([used(0, 60_000)], { scope })).result).toMatchObject({
      kind: 'closed',
      leased: true,
      reason: expect.stringContaining('GPU 1: leased to another session'),
    });
  });

  it('holds none while it waits for more', async () => {
    const scope = `test-${randomUUID()}`;
    await held('gpu/GPU-1', scope);
    await lease([used(0, 0)], { scope });
    expect(await acquireHostLock({ resources: ['gpu/GPU-0'], holder: 'x', scope })).toMatchObject({
      kind: 'held',
    });
  });

  it('takes busy ones where they are about to be cleared, free ones first', async () => {
    const { indices } = await lease([used(60_000, 60_000, 0)], { evenBusy: true });
    expect(indices).toEqual([0, 2]);
  });

  it.each<[string, GpuReading, RegExp]>([
    [
      'a driver that is not there',
      { kind: 'missing', message: 'no nvidia-smi', remedy: 'Install.' },
      /no nvidia-smi/,
    ],
    ['fewer GPUs than are needed', used(0), /need 2 GPU\(s\), nvidia-smi shows 0$/],
  ])('closes at once on %s', async (_case, reading, reason) => {
    expect((await lease([reading])).result).toMatchObject({
      kind: 'closed',
      waitedMs: 0,
      reason: expect.stringMatching(reason),
    });
  });

  it('waits out a driver that fails for a while', async () => {
    const failing: GpuReading = { kind: 'hanging', message: 'no answer within 20 s', remedy: 'Look.' };
    const { indices, waits } = await lease([failing, used(0, 0)]);
    expect([indices, waits]).toEqual([[0, 1], ['no answer within 20 s. Look.']]);
  });

  it('ends its waiting when aborted', async () => {
    const controller = new AbortController();
    const waiting = lease([used(60_000, 60_000)], {
      signal: controller.signal,
      onWaiting: () => controller.abort(new Error('cancelled')),
    });
    await expect(waiting).rejects.toThrow('cancelled');
  });
});
