import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

import { expect, test } from 'vitest';

import type { Observation } from '../../../src/domain/observation/observation.ts';
import { commitRepeat } from '../../../src/host/run-directory/commit-repeat.ts';
import { runPaths } from '../../../src/host/run-directory/paths.ts';
import { type RecordedRepeat, readCommittedRepeat } from '../../../src/host/run-directory/read-repeat.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';
import { COMMIT, NAMESPACE, SESSION, STAGES, makeCommit, makeObservation } from './repeat-fixture.ts';

async function read(runDir: string, commit = COMMIT): Promise<RecordedRepeat> {
  return await readCommittedRepeat({ runDir, namespace: NAMESPACE, repeat: 1, stages: STAGES, commit });
}

async function write(runDir: string, stage: string, observation: Observation): Promise<void> {
  const path = runPaths.observation(runDir, stage, 1);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, JSON.stringify(observation));
}

/** As the original tool records it: no session, no unit, no marker. */
function legacyObservation(overrides: Partial<Observation> = {}): Observation {
  const { session_id: _session, namespace: _namespace, ...observation } = makeObservation(overrides);
  return observation;
}

test('finds nothing where nothing is recorded', async () => {
  expect(await read(temporaryFolder())).toEqual({ kind: 'none' });
});

test('gives the observations of a committed repeat', async () => {
  const runDir = temporaryFolder();
  await commitRepeat(makeCommit(runDir));

  expect(await read(runDir)).toEqual({
    kind: 'valid',
    legacy: false,
    observations: { nova_speed: makeObservation(), nova_wer: makeObservation() },
    cells: { nova_speed: { symbol: '✓', reason: '' }, nova_wer: { symbol: '✓', reason: '' } },
  });
});

test('accepts records of the original tool on the same commit', async () => {
  const runDir = temporaryFolder();
  for (const { key } of STAGES) await write(runDir, key, legacyObservation());

  expect(await read(runDir)).toMatchObject({ kind: 'valid', legacy: true });
});

test('does not accept another commit', async () => {
  const runDir = temporaryFolder();
  await commitRepeat(makeCommit(runDir));

  expect(await read(runDir, 'd'.repeat(40))).toMatchObject({
    kind: 'invalid',
    reason: 'nova_speed: recorded on another commit; nova_wer: recorded on another commit',
  });
});

test('does not accept a record without a commit', async () => {
  const runDir = temporaryFolder();
  for (const { key } of STAGES) {
    const { git_sha: _unused, ...observation } = legacyObservation();
    await write(runDir, key, observation);
  }

  expect(await read(runDir)).toMatchObject({ kind: 'invalid' });
});

test('does not accept files that no marker covers', async () => {
  const runDir = temporaryFolder();
  for (const { key } of STAGES) await write(runDir, key, makeObservation());

  expect(await read(runDir)).toMatchObject({
    kind: 'invalid',
    reason: expect.stringContaining('uncommitted') as string,
  });
});

test('does not accept a file that was edited after it was committed', async () => {
  const runDir = temporaryFolder();
  await commitRepeat(makeCommit(runDir));
  await write(runDir, 'nova_wer', makeObservation({ metrics: { corpus_wer: 0.01 } }));

  expect(await read(runDir)).toMatchObject({
    kind: 'invalid',
    reason: expect.stringMatching(/^nova_wer: edited/) as string,
  });
});

test('does not accept a good stage with a missing sibling', async () => {
  const runDir = temporaryFolder();
  await write(runDir, 'nova_wer', legacyObservation());

  expect(await read(runDir)).toMatchObject({ kind: 'invalid', reason: 'nova_speed: missing file' });
});

test('does not accept a partial sibling', async () => {
  const runDir = temporaryFolder();
  const partial = makeObservation({ sample_counts: { total: 20, ok: 18 } });
  await commitRepeat(
    makeCommit(runDir, { observations: { nova_speed: makeObservation(), nova_wer: partial } }),
  );

  expect(await read(runDir)).toMatchObject({
    kind: 'invalid',
    reason: 'nova_wer: partial samples (18/20)',
    cells: { nova_speed: { symbol: '✓' }, nova_wer: { symbol: '△' } },
  });
});

test('does not accept stages that two different tools recorded', async () => {
  const runDir = temporaryFolder();
  await commitRepeat(makeCommit(runDir, { observations: { nova_speed: makeObservation() } }));
  await write(runDir, 'nova_wer', legacyObservation());

  expect(await read(runDir)).toMatchObject({
    kind: 'invalid',
    reason: 'stages were recorded by different invocations',
  });
});

test("does not accept a repeat that the original tool's resume mixed from two invocations", async () => {
  const runDir = temporaryFolder();
  await write(runDir, 'nova_speed', legacyObservation({ duration_s: 600.01 }));
  await write(runDir, 'nova_wer', legacyObservation({ duration_s: 612.4 }));

  expect(await read(runDir)).toMatchObject({
    kind: 'invalid',
    reason: 'stages were recorded by different invocations',
  });
});

test('takes a record without calib’s fields for edited where its unit has committed another', async () => {
  const runDir = temporaryFolder();
  await commitRepeat(makeCommit(runDir));
  await write(runDir, 'nova_wer', legacyObservation());

  expect(await read(runDir)).toMatchObject({
    kind: 'invalid',
    reason: expect.stringMatching(/^nova_wer: edited/) as string,
  });
});

test('demands a marker of every record in a directory of calib’s own', async () => {
  const runDir = temporaryFolder();
  for (const { key } of STAGES) await write(runDir, key, legacyObservation());
  const place = { runDir, namespace: NAMESPACE, repeat: 1, stages: STAGES, commit: COMMIT };

  expect(await readCommittedRepeat({ ...place, markers: 'required' })).toMatchObject({
    kind: 'invalid',
    reason: expect.stringContaining('uncommitted') as string,
  });
});

test.each([
  ['session', { session_id: 'other' }, /recorded by another session/],
  ['work tree', { tree_fingerprint: 'f'.repeat(64) }, /recorded on another work tree/],
])('does not accept the records of another %s', async (_what, overrides, reason) => {
  const runDir = temporaryFolder();
  const observation = makeObservation({ tree_fingerprint: 'e'.repeat(64), ...overrides });
  await commitRepeat(
    makeCommit(runDir, { observations: { nova_speed: observation, nova_wer: observation } }),
  );
  const place = { runDir, namespace: NAMESPACE, repeat: 1, stages: STAGES, commit: COMMIT };

  expect(
    await readCommittedRepeat({ ...place, session_id: SESSION, tree_fingerprint: 'e'.repeat(64) }),
  ).toMatchObject({ kind: 'invalid', reason: expect.stringMatching(reason) as string });
});
