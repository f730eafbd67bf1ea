import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { expect, test } from 'vitest';

import { commitRepeat } from '../../../src/host/run-directory/commit-repeat.ts';
import { runPaths } from '../../../src/host/run-directory/paths.ts';
import { readCell } from '../../../src/host/run-directory/read-repeat.ts';
import { isTemporaryName } from '../../../src/host/run-directory/files.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';
import { failingAt } from './failing-files.ts';
import { NAMESPACE, STAGES, filesBelow, makeCommit, makeObservation } from './repeat-fixture.ts';

async function integrities(runDir: string): Promise<Set<string>> {
  const found = new Set<string>();
  for (const { key } of STAGES) {
    const cell = await readCell({ runDir, stage: key, repeat: 1 });
    found.add(cell.kind === 'recorded' ? cell.integrity : cell.kind);
  }
  return found;
}

async function stepsOfCommit(): Promise<number> {
  const { files, stepsTaken } = failingAt(Number.POSITIVE_INFINITY);
  await commitRepeat(makeCommit(temporaryFolder()), files);
  return stepsTaken();
}

test('writes an observation and a pointer file per stage, and one marker for all', async () => {
  const runDir = temporaryFolder();

  const { kind, marker } = await commitRepeat(makeCommit(runDir));

  expect(kind).toBe('committed');
  expect(Object.keys(marker.observations)).toEqual(['nova_speed', 'nova_wer']);
  expect(await filesBelow(runDir)).toEqual([
    `_pytest/${NAMESPACE}/run1.commit.json`,
    'nova_speed/run1.json',
    'nova_speed/run1.log',
    'nova_wer/run1.json',
    'nova_wer/run1.log',
  ]);
  expect(await integrities(runDir)).toEqual(new Set(['committed']));
});

test('keeps records, pointers, marker and their folders closed to others', async () => {
  const runDir = temporaryFolder();
  await commitRepeat(makeCommit(runDir));

  const entries = await readdir(runDir, { recursive: true });
  const modes = await Promise.all(entries.map(async (name) => (await stat(join(runDir, name))).mode));
  expect(entries.length).toBeGreaterThan(STAGES.length * 2);
  expect(entries.filter((_, index) => ((modes[index] ?? 0) & 0o077) !== 0)).toEqual([]);
});

test('points to the shared log and the base temp in three comment lines', async () => {
  const runDir = temporaryFolder();

  await commitRepeat(makeCommit(runDir));

  expect(await readFile(runPaths.stageLog(runDir, 'nova_wer', 1), 'utf8')).toBe(
    [
      '# shared pytest log of tests/test_nova_ci.py',
      `# ${runDir}/_pytest/${NAMESPACE}/run1.log`,
      `# basetemp: ${runDir}/_pytest/${NAMESPACE}/basetemp_run1`,
      '',
    ].join('\n'),
  );
});

test('does nothing when the same content is committed again, even at another time', async () => {
  const runDir = temporaryFolder();
  const { marker } = await commitRepeat(makeCommit(runDir));

  const again = await commitRepeat(makeCommit(runDir, { committedAt: '2026-04-23T06:00:00Z' }));

  expect(again).toEqual({ kind: 'already', marker });
});

test('refuses to replace what is committed', async () => {
  const runDir = temporaryFolder();
  await commitRepeat(makeCommit(runDir));

  await expect(commitRepeat(makeCommit(runDir, { attempt: 2 }))).rejects.toMatchObject({
    code: 'refused',
    message: expect.stringContaining('attempt 1 of session') as string,
  });
  expect(await integrities(runDir)).toEqual(new Set(['committed']));
});

test('counts for all stages or for none, whatever step a crash comes at', async () => {
  const steps = await stepsOfCommit();
  expect(steps).toBeGreaterThan(15);
  for (let step = 1; step <= steps; step += 1) {
    const runDir = temporaryFolder();
    await expect(commitRepeat(makeCommit(runDir), failingAt(step).files)).rejects.toThrow(/crash at step/);

    const after = await integrities(runDir);
    expect(after.has('committed') ? [...after] : 'none').toEqual(
      after.has('committed') ? ['committed'] : 'none',
    );
    expect(after.has('edited')).toBe(false);

    await commitRepeat(makeCommit(runDir));
    expect(await integrities(runDir)).toEqual(new Set(['committed']));
  }
});

test('replaces the drafts that a crashed attempt of the same session left uncommitted', async () => {
  const steps = await stepsOfCommit();
  for (let step = 1; step <= steps; step += 1) {
    const runDir = temporaryFolder();
    await expect(commitRepeat(makeCommit(runDir), failingAt(step).files)).rejects.toThrow(/crash at step/);
    if ((await integrities(runDir)).has('committed')) continue;
    const observation = makeObservation({ attempts: 2 });

    await commitRepeat(
      makeCommit(runDir, { attempt: 2, observations: { nova_speed: observation, nova_wer: observation } }),
    );

    const cell = await readCell({ runDir, stage: 'nova_speed', repeat: 1 });
    expect(cell).toMatchObject({ kind: 'recorded', integrity: 'committed', observation: { attempts: 2 } });
  }
});

test('leaves nothing but recognisable temporary files when it fails before the first rename', async () => {
  const runDir = temporaryFolder();

  await expect(commitRepeat(makeCommit(runDir), failingAt(6).files)).rejects.toThrow(/crash at step/);

  const names = [
    ...(await readdir(join(runDir, 'nova_speed'))),
    ...(await readdir(join(runDir, 'nova_wer'))),
  ];
  expect(names.length).toBeGreaterThan(0);
  expect(names.filter((name) => !isTemporaryName(name))).toEqual([]);
});

test.each([
  ['the original tool', JSON.stringify({ status: 'ok', metrics: {}, sample_counts: { total: 1, ok: 1 } })],
  ['another session', JSON.stringify(makeObservation({ session_id: 'other' }))],
  ['nobody knows whom', '{"half'],
])('refuses to write over an observation of %s', async (_whose, text) => {
  const runDir = temporaryFolder();
  const path = runPaths.observation(runDir, 'nova_wer', 1);
  await mkdir(dirname(path));
  await writeFile(path, text);

  await expect(commitRepeat(makeCommit(runDir))).rejects.toMatchObject({
    code: 'refused',
    remedy: expect.stringContaining('purge') as string,
  });
  expect(await readFile(path, 'utf8')).toBe(text);
  expect(await filesBelow(runDir)).toEqual(['nova_wer/run1.json']);
});

test('names the path when a file stands where a stage folder should be', async () => {
  const runDir = temporaryFolder();
  await writeFile(join(runDir, 'nova_wer'), '');

  await expect(commitRepeat(makeCommit(runDir))).rejects.toMatchObject({
    code: 'not-ready',
    message: expect.stringContaining(join(runDir, 'nova_wer')) as string,
  });
});

test('names a damaged marker instead of guessing what was committed', async () => {
  const runDir = temporaryFolder();
  await commitRepeat(makeCommit(runDir));
  await writeFile(runPaths.commitMarker(runDir, NAMESPACE, 1), '{');

  await expect(commitRepeat(makeCommit(runDir))).rejects.toThrow(
    /run1\.commit\.json is not a calib\.repeat\/1/,
  );
});
