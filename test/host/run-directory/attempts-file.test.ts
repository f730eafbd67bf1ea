import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

import { expect, test } from 'vitest';

import { appendAttempt, readAttempts } from '../../../src/host/run-directory/attempts-file.ts';
import { runPaths } from '../../../src/host/run-directory/paths.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';
import { NAMESPACE, makeAttempt } from './repeat-fixture.ts';

function makePlace(): { runDir: string; namespace: string; repeat: number } {
  return { runDir: temporaryFolder(), namespace: NAMESPACE, repeat: 1 };
}

test('knows of no attempts before the first one has ended', async () => {
  expect(await readAttempts(makePlace())).toEqual([]);
});

test('keeps attempts in order of launch', async () => {
  const place = makePlace();
  await appendAttempt(place, makeAttempt({ n: 1, outcome: 'infra', reason: 'OOM' }));

  const attempts = await appendAttempt(place, makeAttempt({ n: 2 }));

  expect(attempts.map(({ n, reason }) => [n, reason])).toEqual([
    [1, 'OOM'],
    [2, ''],
  ]);
  expect(await readAttempts(place)).toEqual(attempts);
});

test('keeps the first record of an attempt that is recorded twice', async () => {
  const place = makePlace();
  await appendAttempt(place, makeAttempt({ reason: 'OOM' }));

  const attempts = await appendAttempt(place, makeAttempt({ reason: 'lost' }));

  expect(attempts.map(({ reason }) => reason)).toEqual(['OOM']);
});

test.each(['{', '{"schema": "calib.attempts/2", "attempts": []}'])(
  'names a file that it cannot read: %s',
  async (text) => {
    const place = makePlace();
    const path = runPaths.attempts(place.runDir, NAMESPACE, 1);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);

    await expect(readAttempts(place)).rejects.toThrow(`${path} is not a calib.attempts/1 document`);
  },
);
