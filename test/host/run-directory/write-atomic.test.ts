import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import {
  durableFiles,
  isTemporaryName,
  writeFileAtomic,
  writeJsonAtomic,
} from '../../../src/host/run-directory/files.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

test('writes a file whole and leaves nothing else behind', async () => {
  const folder = temporaryFolder();

  await writeFileAtomic(join(folder, 'plan.json'), 'text');

  expect(await readdir(folder)).toEqual(['plan.json']);
  expect(await readFile(join(folder, 'plan.json'), 'utf8')).toBe('text');
});

test('replaces a file as a whole', async () => {
  const path = join(temporaryFolder(), 'plan.json');
  await writeFile(path, 'a much longer text than the new one');

  await writeFileAtomic(path, 'new');

  expect(await readFile(path, 'utf8')).toBe('new');
});

test('keeps files and folders to the owner', async () => {
  const path = join(temporaryFolder(), 'a', 'b', 'plan.json');

  await writeFileAtomic(path, 'text');

  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await stat(join(path, '..'))).mode & 0o777).toBe(0o700);
});

test('gives a file the mode that was asked for', async () => {
  const path = join(temporaryFolder(), 'run.sh');

  await writeFileAtomic(path, '#!/bin/sh\n', { mode: 0o700 });

  expect((await stat(path)).mode & 0o777).toBe(0o700);
});

test('writes JSON with two spaces and a final newline', async () => {
  const path = join(temporaryFolder(), 'plan.json');

  await writeJsonAtomic(path, { a: [1] });

  expect(await readFile(path, 'utf8')).toBe('{\n  "a": [\n    1\n  ]\n}\n');
});

test('names the path and a remedy when a file stands where a folder should be', async () => {
  const folder = temporaryFolder();
  await writeFile(join(folder, 'stage'), 'a file');

  const writing = writeFileAtomic(join(folder, 'stage', 'run1.json'), 'text');

  await expect(writing).rejects.toMatchObject({
    code: 'not-ready',
    message: expect.stringContaining(`cannot write ${join(folder, 'stage', 'run1.json')}`) as string,
    remedy: expect.stringContaining('free space') as string,
  });
});

test('leaves the old file alone when the new one cannot take its place', async () => {
  const folder = temporaryFolder();
  await mkdir(join(folder, 'plan.json', 'inside'), { recursive: true });

  await expect(writeFileAtomic(join(folder, 'plan.json'), 'text')).rejects.toThrow(/cannot write/);

  expect(await readdir(join(folder, 'plan.json'))).toEqual(['inside']);
});

test('makes what a crashed writer leaves behind recognisable', async () => {
  const folder = temporaryFolder();

  await durableFiles.draft(join(folder, 'plan.json'), 'half a file', 0o600);

  expect((await readdir(folder)).map(isTemporaryName)).toEqual([true]);
});

test('takes no ordinary name for a leftover', () => {
  expect(['plan.json', '.plan.json', 'x.calib-tmp'].filter(isTemporaryName)).toEqual([]);
});

test('survives many writers of one file at once', async () => {
  const path = join(temporaryFolder(), 'plan.json');
  const texts = Array.from({ length: 20 }, (_, index) => String(index).repeat(1000));

  await Promise.all(texts.map((text) => writeFileAtomic(path, text)));

  expect(texts).toContain(await readFile(path, 'utf8'));
});
