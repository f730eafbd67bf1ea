import { mkdir } from 'node:fs/promises';

import { expect, test } from 'vitest';

import { nextAttemptNumber, unrecordedAttempt } from '../../../src/host/run-directory/attempt-numbers.ts';
import { appendAttempt } from '../../../src/host/run-directory/attempts-file.ts';
import { discardRepeat } from '../../../src/host/run-directory/discard-repeat.ts';
import { runPaths } from '../../../src/host/run-directory/paths.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';
import { writeText } from '../../fixtures/write-text.ts';
import { NAMESPACE, STAGES, makeAttempt } from './repeat-fixture.ts';

interface Place {
  runDir: string;
  namespace: string;
  repeat: number;
}

function makePlace(): Place {
  return { runDir: temporaryFolder(), namespace: NAMESPACE, repeat: 1 };
}

async function discard(place: Place, commandId: string): Promise<void> {
  const stages = STAGES.map(({ key }) => key);
  const request = { ...place, stages, reason: 'purged', at: '2026-04-23T06:00:00Z', requestedBy: 'operator' };
  await discardRepeat({ ...request, commandId });
}

test('the first attempt is number 1 and nothing is open', async () => {
  const place = makePlace();

  expect(await nextAttemptNumber(place)).toBe(1);
  expect(await unrecordedAttempt(place)).toBeNull();
});

test('a launch that was never recorded takes its number, and is open', async () => {
  const place = makePlace();
  await appendAttempt(place, makeAttempt({ n: 1 }));
  await mkdir(runPaths.launch(place.runDir, NAMESPACE, 1, 2), { recursive: true });

  expect(await nextAttemptNumber(place)).toBe(3);
  expect(await unrecordedAttempt(place)).toBe(2);
});

test('a number that other hosts may have used is not given, one above what is here is', async () => {
  const place = makePlace();
  await appendAttempt(place, makeAttempt({ n: 2 }));

  expect([await nextAttemptNumber(place, 2), await nextAttemptNumber(place, 7)]).toEqual([3, 7]);
});

test('a recorded launch is not open', async () => {
  const place = makePlace();
  await mkdir(runPaths.launch(place.runDir, NAMESPACE, 1, 1), { recursive: true });
  await appendAttempt(place, makeAttempt({ n: 1 }));

  expect(await unrecordedAttempt(place)).toBeNull();
});

test('a log without a record takes its number too', async () => {
  const place = makePlace();
  writeText(runPaths.attemptLog(place.runDir, NAMESPACE, 1, 4), '');

  expect(await nextAttemptNumber(place)).toBe(5);
});

test('numbering goes on after discards, whatever of an attempt was discarded', async () => {
  const place = makePlace();
  await appendAttempt(place, makeAttempt({ n: 1 }));
  await discard(place, 'command-1');
  expect(await nextAttemptNumber(place)).toBe(2);

  await mkdir(runPaths.launch(place.runDir, NAMESPACE, 1, 2), { recursive: true });
  await discard(place, 'command-2');
  expect(await nextAttemptNumber(place)).toBe(3);
  expect(await unrecordedAttempt(place)).toBeNull();

  writeText(runPaths.attemptLog(place.runDir, NAMESPACE, 1, 3), '');
  await discard(place, 'command-3');
  expect(await nextAttemptNumber(place)).toBe(4);
});

test('other repeats and other units do not count', async () => {
  const place = makePlace();
  writeText(runPaths.attemptLog(place.runDir, NAMESPACE, 11, 7), '');
  writeText(runPaths.attemptLog(place.runDir, 'test_other', 1, 8), '');
  await discard({ ...place, repeat: 11 }, 'command-1');

  expect(await nextAttemptNumber(place)).toBe(1);
});

test('a damaged record does not set numbering back', async () => {
  const place = makePlace();
  writeText(runPaths.attempts(place.runDir, NAMESPACE, 1), '{');
  writeText(runPaths.attemptLog(place.runDir, NAMESPACE, 1, 2), '');

  expect(await nextAttemptNumber(place)).toBe(3);
});
