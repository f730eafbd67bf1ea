import { expect, test } from 'vitest';

import { activityText, type ProcessActivity } from '../../../src/domain/observation/process-activity.ts';

const first: ProcessActivity = {
  atMs: 1000,
  states: { S: 3 },
  ioWaitMs: 100,
  readBytes: 10,
  writtenBytes: 4096,
};

test('one look tells the states, those that explain a stall first', () => {
  expect(activityText({ ...first, states: { S: 3, R: 1, D: 2, Q: 1 } })).toBe(
    'processes: 2 waiting for I/O (D), 1 running (R), 3 sleeping (S), 1 in state (Q)',
  );
  expect(activityText({ ...first, states: {} })).toBe('no process to be seen');
});

test('two looks tell what moved in between; what ended took its counts along', () => {
  const later = {
    ...first,
    atMs: 11_000,
    states: { D: 1 },
    ioWaitMs: 9900,
    readBytes: 5,
    writtenBytes: 8192,
  };
  expect(activityText(later, first)).toBe(
    'processes: 1 waiting for I/O (D); in 10 s: I/O wait 9.8 s, read 0 B, wrote 4096 B',
  );
  expect(activityText({ ...later, readBytes: null }, first)).not.toContain('read');
});
