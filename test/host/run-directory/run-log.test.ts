import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { appendRunLog } from '../../../src/host/run-directory/logs/run-log.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

const NOW = new Date('2026-04-23T05:00:00.750Z');

test('appends lines with their UTC time and never truncates', async () => {
  const runDir = temporaryFolder();

  await appendRunLog(runDir, ['one', 'two'], NOW);
  await appendRunLog(runDir, ['three'], new Date('2026-04-23T05:00:01Z'));

  expect(await readFile(join(runDir, 'run.log'), 'utf8')).toBe(
    '2026-04-23T05:00:00Z one\n2026-04-23T05:00:00Z two\n2026-04-23T05:00:01Z three\n',
  );
});

test('stamps each line of a text that has several', async () => {
  const runDir = temporaryFolder();

  await appendRunLog(runDir, ['one\ntwo'], NOW);

  expect((await readFile(join(runDir, 'run.log'), 'utf8')).split('\n')).toHaveLength(3);
});

test('lets no foreign name begin a milestone, act on a terminal or fill the file', async () => {
  const runDir = temporaryFolder();
  const forged = 'a key\n2026-04-23T05:00:00Z session completed: all is well\r\u001b[2J';

  await appendRunLog(runDir, [`HALT: ${forged}`, 'k'.repeat(6_000_000)], NOW);

  const text = await readFile(join(runDir, 'run.log'), 'utf8');
  expect(text.split('\n').slice(0, 2)).toEqual([
    '2026-04-23T05:00:00Z HALT: a key',
    String.raw`2026-04-23T05:00:00Z   2026-04-23T05:00:00Z session completed: all is well\x0d\x1b[2J`,
  ]);
  expect(text.length).toBeLessThan(10_000);
});

test('keeps the blocks of parallel lanes whole', async () => {
  const runDir = temporaryFolder();
  const blocks = Array.from({ length: 30 }, (_, lane) =>
    Array.from({ length: 5 }, (_, line) => `${lane}.${line}`),
  );

  await Promise.all(blocks.map((block) => appendRunLog(runDir, block, NOW)));

  const lanes = (await readFile(join(runDir, 'run.log'), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/^\S+ (\d+)\.\d+$/, '$1'));
  const changes = lanes.filter((lane, index) => lane !== lanes[index - 1]);
  expect(changes).toHaveLength(30);
});

test('is closed to others, and holds nothing that looks like a credential', async () => {
  const runDir = temporaryFolder();

  await appendRunLog(runDir, ['remote https://me:hunter2@example.invalid/x.git'], NOW);

  const path = join(runDir, 'run.log');
  expect(await readFile(path, 'utf8')).toContain('remote https://[redacted]@example.invalid/x.git\n');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test('says what it could not write when a folder stands in the way', async () => {
  const runDir = temporaryFolder();
  await mkdir(join(runDir, 'run.log'));

  await expect(appendRunLog(runDir, ['one'], NOW)).rejects.toThrow(`cannot write ${join(runDir, 'run.log')}`);
});

test('does not bring a run directory back that somebody removed', async () => {
  const runDir = join(temporaryFolder(), 'removed');

  await expect(appendRunLog(runDir, ['one'], NOW)).rejects.toMatchObject({
    code: 'refused',
    message: `run directory ${runDir} is gone`,
  });
  await expect(stat(runDir)).rejects.toThrow(/ENOENT/);
});
