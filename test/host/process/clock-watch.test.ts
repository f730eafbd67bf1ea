import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { ClockWatch, readClocks } from '../../../src/host/process/supervisor-parts.ts';

const launch = { wallMs: 1_777_000_000_000, uptimeMs: 500_000 };

/** What a watch says after looks at these moments: seconds since the launch, and the setting of the clock until then. */
function watched(...looks: [afterS: number, setByS: number][]) {
  let now = launch;
  const watch = new ClockWatch(launch, () => now);
  for (const [afterS, setByS] of looks) {
    const uptimeMs = launch.uptimeMs + afterS * 1000;
    now = { wallMs: launch.wallMs + (afterS + setByS) * 1000, uptimeMs };
    watch.look();
  }
  return watch.record();
}

describe('ClockWatch', () => {
  it('has nothing to say about a clock that was left alone', () => {
    expect(watched([10, 0], [3600, 0.02], [7200, -0.4])).toBeNull();
  });

  it('knows how far the time of day went below the launch', () => {
    expect(watched([1, 0], [600, 0], [601, -3600])).toEqual({ steps_s: [-3600], behind_s: 3000 });
  });

  it('remembers a time of day that was set right again', () => {
    const record = watched([10, -3600], [20, 0]);
    expect(record).toEqual({ steps_s: [-3600, 3600], behind_s: 3600 });
  });

  it('is not behind where the clock was set forward, nor where that was undone', () => {
    expect(watched([10, 3600], [20, 0])).toEqual({ steps_s: [3600, -3600], behind_s: 0 });
  });

  it('is not behind where less was taken back than has passed since the launch', () => {
    expect(watched([7199, 0], [7200, -3600])).toEqual({ steps_s: [-3600], behind_s: 0 });
  });

  it('never takes a moment of the run for one before the lowest that it allows', () => {
    const settings = fc.array(
      fc.tuple(fc.integer({ min: 1, max: 600 }), fc.integer({ min: -9000, max: 9000 })),
      {
        minLength: 1,
        maxLength: 15,
      },
    );
    fc.assert(
      fc.property(settings, (steps) => {
        let [afterS, setByS, lowest] = [0, 0, 0];
        const looks = steps.map(([pauseS, stepS]): [number, number] => {
          // At its worst the clock is set right after the last look.
          if (stepS !== 0) setByS += stepS;
          lowest = Math.min(lowest, afterS + setByS);
          afterS += pauseS;
          return [afterS, setByS];
        });
        expect(watched(...looks)?.behind_s ?? 0).toBeGreaterThanOrEqual(-lowest);
      }),
    );
  });

  it('reads clocks of this machine that go on together', () => {
    const watch = new ClockWatch(readClocks());
    watch.look();
    expect(watch.record()).toBeNull();
  });
});
