import { describe, expect, it } from 'vitest';

import { type DiskFacts, estimateDisk, judgeDisk } from '../../../src/domain/precheck/judge-disk.ts';

const gib = 1024 ** 3;

describe('disk space for run directories', () => {
  const judge = (more: Partial<DiskFacts> = {}) =>
    judgeDisk({
      folder: '/repo/.tune-runs',
      existing: '/repo',
      freeBytes: 50 * gib,
      writable: true,
      ...more,
    });

  it('passes with room', () => {
    expect(judge()).toMatchObject({
      mark: '✓',
      lines: ['disk: 50.0 GiB free for run directories in /repo/.tune-runs'],
      warnings: [],
    });
  });

  it('warns when it gets scarce, and refuses a full disk', () => {
    expect([judge({ freeBytes: 5 * gib }).warnings.length, judge({ freeBytes: gib / 2 }).mark]).toEqual([
      1,
      '✗',
    ]);
  });

  it('refuses a folder that cannot be written', () => {
    expect(judge({ writable: false }).errors[0]?.message).toBe(
      'run directories in /repo/.tune-runs cannot be made: /repo cannot be written',
    );
  });
});

describe('the disk that a session will need', () => {
  const known = {
    test_a: { bytes: 2 * gib, isWhole: true },
    test_b: { bytes: gib / 2, isWhole: true },
  };
  const judge = (estimate: DiskFacts['estimate'], freeBytes: number) =>
    judgeDisk({
      folder: '/runs',
      existing: '/runs',
      writable: true,
      freeBytes,
      ...(estimate === undefined ? {} : { estimate }),
    });

  it('is what a repeat of each unit took before, times the repeats that are to be run', () => {
    const planned = [
      { namespace: 'test_a', repeats: 5 },
      { namespace: 'test_b', repeats: 3 },
    ];
    expect(estimateDisk(planned, known)).toEqual({
      bytes: 11.5 * gib,
      repeats: 8,
      units: 2,
      unseen: [],
      isWhole: true,
    });
    expect(estimateDisk([{ namespace: 'test_a', repeats: 10 }], known).bytes).toBe(20 * gib);
  });

  it('is said, with the units that nobody has seen', () => {
    const planned = [
      { namespace: 'test_a', repeats: 5 },
      { namespace: 'test_new', repeats: 5 },
    ];
    const check = judge(estimateDisk(planned, known), 50 * gib);
    expect(check.lines).toContain(
      'disk: about 10.0 GiB needed for 5 repeats of 1 unit, as earlier sessions took; ' +
        'what is discarded stays and comes on top; not seen before, so on top: test_new',
    );
    expect(check.warnings).toEqual([]);
  });

  it('is a warning where less is free', () => {
    const check = judge(estimateDisk([{ namespace: 'test_a', repeats: 15 }], known), 20 * gib);
    expect(check).toMatchObject({
      mark: '✓',
      warnings: [
        '20.0 GiB free for run directories in /runs, about 30.0 GiB needed for 15 repeats of 1 unit: `calib prune --dry-run` says what can go',
      ],
    });
  });

  it('is said to be unknown where no session ran the tests, and not at all where none is to be run', () => {
    const unseen = judge(estimateDisk([{ namespace: 'test_new', repeats: 5 }], known), 50 * gib);
    expect(unseen.lines[1]).toBe(
      'disk: how much will be needed is not known: no earlier session ran these tests here',
    );
    const done = judge(estimateDisk([{ namespace: 'test_a', repeats: 0 }], known), 50 * gib);
    expect(done.lines).toHaveLength(1);
  });

  it('is a lower bound where a base temp has too many files to count', () => {
    const large = { test_a: { bytes: gib, isWhole: false } };
    const check = judge(estimateDisk([{ namespace: 'test_a', repeats: 2 }], large), 50 * gib);
    expect(check.lines[1]).toContain('at least 2.0 GiB needed');
  });
});
