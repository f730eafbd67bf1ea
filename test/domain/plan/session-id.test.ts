import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { CalibError } from '../../../src/domain/calib-error.ts';
import { makeSessionId } from '../../../src/domain/session/session-plan.ts';

const DATE = new Date('2026-04-23T05:00:00.987Z');

test('names a session by UTC time and label', () => {
  expect(makeSessionId(DATE, 'mmsu_r3')).toBe('20260423T050000Z_mmsu_r3');
});

test.each(['a/b', '../up', 'two words', '', 'ünï', 'tab\t', 'x'.repeat(81), 'a\n'])(
  'refuses the label %j, saying what is allowed',
  (label) => {
    expect(() => makeSessionId(DATE, label)).toThrow(CalibError);
    expect(() => makeSessionId(DATE, label)).toThrow(/cannot name a run directory/);
  },
);

test('keeps every label behind a time of one length', () => {
  const label = fc.stringMatching(/^[A-Za-z0-9._-]{1,80}$/);
  const date = fc.date({ min: new Date('2000-01-01'), max: new Date('2099-12-31'), noInvalidDate: true });
  fc.assert(
    fc.property(date, label, (at, name) => {
      const [, time, kept] = /^(\d{8}T\d{6}Z)_(.*)$/.exec(makeSessionId(at, name)) ?? [];
      expect([time, kept]).toEqual([expect.any(String), name]);
    }),
  );
});
