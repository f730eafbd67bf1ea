import { expect, test } from 'vitest';

import { journalMode } from '../../src/worker/embedded-server.ts';

test('a database in memory that only this machine has is kept with a write-ahead log', async () => {
  expect(await journalMode('/dev/shm')).toBe('wal');
});

test('a database on a file system of an unknown kind is kept without shared memory', async () => {
  expect(await journalMode('/proc')).toBe('delete');
});
