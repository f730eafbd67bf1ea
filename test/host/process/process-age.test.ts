import { spawnSync } from 'node:child_process';

import { describe, expect, it } from 'vitest';

import { processAgeMs, readProcessIdentity } from '../../../src/host/process/identity.ts';

describe('processAgeMs', () => {
  it('says what ps says of this process', () => {
    const identity = readProcessIdentity(process.pid);
    const elapsed = spawnSync('ps', ['-o', 'etimes=', '-p', String(process.pid)], { encoding: 'utf8' });
    const before = Number(elapsed.stdout.trim());
    const age = processAgeMs(identity ?? { start_ticks: 0 }) / 1000;
    expect(Math.abs(age - before)).toBeLessThan(10);
  });

  it('is never negative', () => {
    expect(processAgeMs({ start_ticks: Number.MAX_SAFE_INTEGER })).toBe(0);
  });
});
