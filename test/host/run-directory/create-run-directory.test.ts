import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import type { Plan } from '../../../src/domain/session/session-plan.ts';
import { createRunDirectory, readPlan, writePlan } from '../../../src/host/run-directory/plan-file.ts';
import { appendRunLog } from '../../../src/host/run-directory/logs/run-log.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';
import { COMMIT, SESSION } from './repeat-fixture.ts';

const PLAN: Plan = {
  session_id: SESSION,
  model: 'nova',
  stages: ['nova_speed'],
  repeats: 5,
  timestamp: '2026-04-23T05:00:00Z',
  git_sha: COMMIT,
};

const outside = async (): Promise<'outside'> => await Promise.resolve('outside');

test('makes a folder that only its owner can enter', async () => {
  const runDir = join(temporaryFolder(), '.tune-runs', SESSION);

  expect(await createRunDirectory({ runDir, sessionId: SESSION, placeOf: outside })).toBe('created');
  expect((await stat(runDir)).mode & 0o777).toBe(0o700);
});

test('finds the folder again that an earlier call for the same session made', async () => {
  const runDir = join(temporaryFolder(), SESSION);
  await createRunDirectory({ runDir, sessionId: SESSION, placeOf: outside });
  await writePlan(runDir, PLAN);

  expect(await createRunDirectory({ runDir, sessionId: SESSION, placeOf: outside })).toBe('existing');
});

test('continues where a start was interrupted before its plan', async () => {
  const runDir = join(temporaryFolder(), SESSION);
  await mkdir(runDir);
  await appendRunLog(runDir, ['run log: …'], new Date());

  expect(await createRunDirectory({ runDir, sessionId: SESSION, placeOf: outside })).toBe('created');
});

test('refuses the folder of another session and touches nothing', async () => {
  const runDir = temporaryFolder();
  await writePlan(runDir, PLAN);

  await expect(createRunDirectory({ runDir, sessionId: 'other', placeOf: outside })).rejects.toMatchObject({
    code: 'refused',
    message: expect.stringContaining(SESSION) as string,
    remedy: expect.stringContaining('a new request needs a new directory') as string,
  });
  expect(await readdir(runDir)).toEqual(['plan.json']);
});

test('refuses a folder with foreign files', async () => {
  const runDir = temporaryFolder();
  await writeFile(join(runDir, 'thesis.tex'), '');

  await expect(createRunDirectory({ runDir, sessionId: SESSION, placeOf: outside })).rejects.toThrow(
    /is not empty: thesis\.tex/,
  );
});

test('refuses a folder that git would list', async () => {
  const runDir = join(temporaryFolder(), 'runs');
  const placeOf = async (): Promise<'visible'> => await Promise.resolve('visible');

  await expect(createRunDirectory({ runDir, sessionId: SESSION, placeOf })).rejects.toMatchObject({
    code: 'invalid-input',
    remedy: expect.stringContaining('.gitignore') as string,
  });
  await expect(stat(runDir)).rejects.toThrow(/ENOENT/);
});

test('refuses a relative path', async () => {
  await expect(
    createRunDirectory({ runDir: 'runs/x', sessionId: SESSION, placeOf: outside }),
  ).rejects.toThrow(/not an absolute path/);
});

test('names the path when a file stands in its place', async () => {
  const folder = temporaryFolder();
  await writeFile(join(folder, 'runs'), '');
  const runDir = join(folder, 'runs', SESSION);

  await expect(createRunDirectory({ runDir, sessionId: SESSION, placeOf: outside })).rejects.toThrow(
    `cannot write ${runDir}`,
  );
});

test('writes a plan that is read back as it was', async () => {
  const runDir = temporaryFolder();

  await writePlan(runDir, PLAN);

  expect(await readPlan(runDir)).toEqual(PLAN);
});
