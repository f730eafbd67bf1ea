import { readFile, readlink, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { appendAttempt } from '../../../src/host/run-directory/attempts-file.ts';
import { commitRepeat } from '../../../src/host/run-directory/commit-repeat.ts';
import {
  discardRepeat,
  listDiscarded,
  type MovePath,
  type RepeatDiscard,
} from '../../../src/host/run-directory/discard-repeat.ts';
import { runPaths } from '../../../src/host/run-directory/paths.ts';
import { readCommittedRepeat } from '../../../src/host/run-directory/read-repeat.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';
import { writeText } from '../../fixtures/write-text.ts';
import { COMMIT, NAMESPACE, STAGES, filesBelow, makeAttempt, makeCommit } from './repeat-fixture.ts';

const UNIT = `_pytest/${NAMESPACE}`;

/** A run directory with a full repeat `k`: observations, attempts, logs, launch folder, base temp, marker. */
async function addRepeat(runDir: string, repeat: number): Promise<void> {
  const place = { runDir, namespace: NAMESPACE, repeat };
  writeText(runPaths.attemptLog(runDir, NAMESPACE, repeat, 1), `log ${repeat}`);
  writeText(join(runPaths.launch(runDir, NAMESPACE, repeat, 1), 'exit.json'), '{}');
  writeText(join(runPaths.baseTemp(runDir, NAMESPACE, repeat), 'test_nova_0', 'results.json'), '{}');
  await symlink(`run${repeat}.attempt1.log`, runPaths.log(runDir, NAMESPACE, repeat));
  await appendAttempt(place, makeAttempt());
  await commitRepeat(makeCommit(runDir, { repeat }));
}

function makeDiscard(runDir: string, overrides: Partial<RepeatDiscard> = {}): RepeatDiscard {
  return {
    runDir,
    namespace: NAMESPACE,
    repeat: 1,
    stages: STAGES.map(({ key }) => key),
    reason: 'partial samples (18/20)',
    at: '2026-04-23T06:00:00Z',
    requestedBy: 'calib',
    commandId: 'command-1',
    ...overrides,
  };
}

async function recordedKind(runDir: string, repeat = 1): Promise<string> {
  const place = { runDir, namespace: NAMESPACE, repeat, stages: STAGES, commit: COMMIT };
  return (await readCommittedRepeat(place)).kind;
}

const REPEAT_FILES = [
  `${UNIT}/basetemp_run1/test_nova_0/results.json`,
  `${UNIT}/run1.attempt1.log`,
  `${UNIT}/run1.attempt1/exit.json`,
  `${UNIT}/run1.attempts.json`,
  `${UNIT}/run1.commit.json`,
  `${UNIT}/run1.log`,
  'nova_speed/run1.json',
  'nova_speed/run1.log',
  'nova_wer/run1.json',
  'nova_wer/run1.log',
];

test('moves everything of the repeat aside under the paths it had, with the reason', async () => {
  const runDir = temporaryFolder();
  await addRepeat(runDir, 1);

  const result = await discardRepeat(makeDiscard(runDir));

  const folder = join(runDir, '_discarded', NAMESPACE, 'run1.1');
  expect(result).toMatchObject({ kind: 'discarded', folder });
  expect(await filesBelow(folder)).toEqual([...REPEAT_FILES, 'reason.json'].sort());
  expect(await filesBelow(join(runDir, UNIT))).toEqual([]);
  expect(await recordedKind(runDir)).toBe('none');
  expect(JSON.parse(await readFile(join(folder, 'reason.json'), 'utf8'))).toMatchObject({
    reason: 'partial samples (18/20)',
    at: '2026-04-23T06:00:00Z',
    requested_by: 'calib',
  });
});

test('moves a link as a link', async () => {
  const runDir = temporaryFolder();
  await addRepeat(runDir, 1);

  await discardRepeat(makeDiscard(runDir));

  const link = join(runDir, '_discarded', NAMESPACE, 'run1.1', UNIT, 'run1.log');
  expect(await readlink(link)).toBe('run1.attempt1.log');
  expect(await readFile(link, 'utf8')).toBe('log 1');
});

test('touches no other repeat, not even one whose number begins alike', async () => {
  const runDir = temporaryFolder();
  await addRepeat(runDir, 1);
  await addRepeat(runDir, 12);

  await discardRepeat(makeDiscard(runDir));

  expect(await recordedKind(runDir, 12)).toBe('valid');
  expect(await filesBelow(join(runDir, UNIT))).toHaveLength(6);
});

test('does nothing when the same command is delivered again', async () => {
  const runDir = temporaryFolder();
  await addRepeat(runDir, 1);
  const first = await discardRepeat(makeDiscard(runDir));

  const second = await discardRepeat(makeDiscard(runDir));

  expect(second).toEqual({ ...first, moved: [] });
});

test('does not touch a newer run when an old command is delivered late', async () => {
  const runDir = temporaryFolder();
  await addRepeat(runDir, 1);
  await discardRepeat(makeDiscard(runDir));
  await addRepeat(runDir, 1);

  await discardRepeat(makeDiscard(runDir));

  expect(await recordedKind(runDir)).toBe('valid');
});

test('numbers the discards of a repeat and keeps them all', async () => {
  const runDir = temporaryFolder();
  await addRepeat(runDir, 1);
  await discardRepeat(makeDiscard(runDir));
  await addRepeat(runDir, 1);

  const second = await discardRepeat(makeDiscard(runDir, { commandId: 'command-2' }));

  expect(second).toMatchObject({ folder: join(runDir, '_discarded', NAMESPACE, 'run1.2') });
  expect(await filesBelow(join(runDir, '_discarded'))).toHaveLength(2 * (REPEAT_FILES.length + 1));
});

test('has nothing to do for a repeat that never ran', async () => {
  const runDir = temporaryFolder();

  expect(await discardRepeat(makeDiscard(runDir))).toEqual({ kind: 'nothing' });
  expect(await filesBelow(runDir)).toEqual([]);
});

test('sets records of the original tool aside, which have neither attempts nor marker', async () => {
  const runDir = temporaryFolder();
  writeText(runPaths.observation(runDir, 'nova_wer', 1), '{}');

  const result = await discardRepeat(makeDiscard(runDir));

  expect(result).toMatchObject({ kind: 'discarded', moved: ['nova_wer/run1.json'] });
});

function crashingAt(step: number): MovePath {
  let taken = 0;
  return async (from, to) => {
    taken += 1;
    if (taken === step) throw new Error(`crash at move ${step}`);
    await rename(from, to);
  };
}

const MOVES = 9;

test('finishes what a crash interrupted when the command is delivered again, whatever move it came at', async () => {
  for (let step = 1; step <= MOVES; step += 1) {
    const runDir = temporaryFolder();
    await addRepeat(runDir, 1);
    await expect(discardRepeat(makeDiscard(runDir), crashingAt(step))).rejects.toThrow(/crash at move/);
    expect(await recordedKind(runDir)).toBe('invalid');

    await discardRepeat(makeDiscard(runDir));

    const folder = join(runDir, '_discarded', NAMESPACE, 'run1.1');
    expect(await filesBelow(folder)).toEqual([...REPEAT_FILES, 'reason.json'].sort());
    expect(await recordedKind(runDir)).toBe('none');
  }
});

test('lets another command finish an interrupted discard, and remembers both commands', async () => {
  const runDir = temporaryFolder();
  await addRepeat(runDir, 1);
  await expect(discardRepeat(makeDiscard(runDir), crashingAt(3))).rejects.toThrow(/crash at move/);
  await discardRepeat(makeDiscard(runDir, { commandId: 'command-2', reason: 'asked again' }));
  await addRepeat(runDir, 1);

  await discardRepeat(makeDiscard(runDir));
  await discardRepeat(makeDiscard(runDir, { commandId: 'command-2' }));

  expect(await recordedKind(runDir)).toBe('valid');
  expect(await listDiscarded(runDir)).toMatchObject([{ n: 1, reason: 'partial samples (18/20)' }]);
});

test('never replaces what an interrupted discard has moved already', async () => {
  const runDir = temporaryFolder();
  await addRepeat(runDir, 1);
  await expect(discardRepeat(makeDiscard(runDir), crashingAt(MOVES))).rejects.toThrow(/crash at move/);
  writeText(runPaths.stageLog(runDir, 'nova_wer', 1), 'newer');

  await discardRepeat(makeDiscard(runDir));

  const folder = join(runDir, '_discarded', NAMESPACE, 'run1.1', 'nova_wer');
  expect(await readFile(join(folder, 'run1.log'), 'utf8')).toContain('# shared pytest log');
  expect(await readFile(join(folder, 'run1.log.2'), 'utf8')).toBe('newer');
});

test('says what it could not write when a file stands in the way', async () => {
  const runDir = temporaryFolder();
  await addRepeat(runDir, 1);
  await writeFile(join(runDir, '_discarded'), '');

  await expect(discardRepeat(makeDiscard(runDir))).rejects.toMatchObject({
    code: 'not-ready',
    message: expect.stringContaining(join(runDir, '_discarded', NAMESPACE)) as string,
  });
  expect(await recordedKind(runDir)).toBe('valid');
});

test('lists discards by unit, repeat and number for the report', async () => {
  const runDir = temporaryFolder();
  for (const repeat of [12, 2]) {
    await addRepeat(runDir, repeat);
    await discardRepeat(
      makeDiscard(runDir, { repeat, commandId: `command-${repeat}`, reason: `bad ${repeat}` }),
    );
  }

  const listed = await listDiscarded(runDir);

  expect(listed.map(({ namespace, repeat, n, reason }) => [namespace, repeat, n, reason])).toEqual([
    [NAMESPACE, 2, 1, 'bad 2'],
    [NAMESPACE, 12, 1, 'bad 12'],
  ]);
});

test('lists a discard whose reason file is damaged', async () => {
  const runDir = temporaryFolder();
  writeText(join(runDir, '_discarded', NAMESPACE, 'run3.1', 'reason.json'), '{');

  expect(await listDiscarded(runDir)).toMatchObject([
    { repeat: 3, n: 1, reason: 'unknown (its reason.json cannot be read)', at: '' },
  ]);
});

test('lists nothing where nothing was discarded', async () => {
  expect(await listDiscarded(temporaryFolder())).toEqual([]);
});
