import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { type WatchLimits, type WatchedRun, decideStop } from '../../../src/domain/pytest/decide-stop.ts';

const limits: WatchLimits = {
  timeoutSeconds: 14_400,
  stallSeconds: 600,
  exitGraceSeconds: 60,
  silenceSeconds: 3600,
  logBytes: 1000,
};
const decide = (run: Partial<WatchedRun>) =>
  decideStop({ runningSeconds: 60, silentSeconds: 0, logBytes: 0, matches: [], ...run }, limits);
const suspect = { name: 'Connection refused', class: 'suspect' } as const;
const fatal = { name: 'Segmentation fault', class: 'fatal' } as const;

describe('when calib ends a running pytest', () => {
  it.each<[string, Partial<WatchedRun>, ReturnType<typeof decideStop>]>([
    ['not while it runs', {}, null],
    [
      'at once for a fatal signature',
      { matches: [fatal] },
      { kind: 'fatal', signature: 'Segmentation fault' },
    ],
    [
      'for a fatal one behind a suspect',
      { matches: [suspect, fatal] },
      { kind: 'fatal', signature: fatal.name },
    ],
    ['never for a suspect alone', { matches: [suspect], silentSeconds: 600 }, null],
    [
      'for a suspect with silence',
      { matches: [suspect], silentSeconds: 601 },
      { kind: 'stall', stallSeconds: 600, signature: 'Connection refused' },
    ],
    ['not for silence that a loading model explains', { silentSeconds: 3600 }, null],
    [
      'for silence beyond every explanation',
      { silentSeconds: 3601 },
      { kind: 'stall', stallSeconds: 3600, signature: null },
    ],
    ['not while a server shuts down after the tests', { doneSeconds: 60 }, null],
    ['long after the tests are over and measured', { doneSeconds: 61 }, { kind: 'exit', graceSeconds: 60 }],
    ['not for a log of the longest size', { logBytes: 1000 }, null],
    ['for a log beyond it', { logBytes: 1001 }, { kind: 'log', limitBytes: 1000 }],
    ['at the time limit', { runningSeconds: 14_401 }, { kind: 'timeout', limitSeconds: 14_400 }],
  ])('%s', (_case, run, stop) => {
    expect(decide(run)).toEqual(stop);
  });

  it('leaves a run alone that talks, is in time and shows no fatal line', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 14_400, noNaN: true }),
        fc.double({ min: 0, max: 600, noNaN: true }),
        fc.array(fc.constant(suspect), { maxLength: 3 }),
        (runningSeconds, silentSeconds, matches) =>
          decide({ runningSeconds, silentSeconds, matches }) === null,
      ),
    );
  });
});
