import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { keepCopy } from '../../../src/host/run-directory/files.ts';
import { runPaths } from '../../../src/host/run-directory/paths.ts';
import { readStagesFile } from '../../../src/host/run-directory/stages-copy.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

test('keeps every version beside the file, and each once', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'stages.yaml');

  expect(await keepCopy(path, Buffer.from('first'))).toBe('stages.yaml.1');
  expect(await keepCopy(path, Buffer.from('second'))).toBe('stages.yaml.2');
  expect(await keepCopy(path, Buffer.from('first'))).toBe('stages.yaml.1');

  expect((await readdir(folder)).sort()).toEqual(['stages.yaml.1', 'stages.yaml.2']);
  expect(await readFile(join(folder, 'stages.yaml.2'), 'utf8')).toBe('second');
});

test('a stages file that is not there is no error, one that cannot be read is', async () => {
  const runDir = temporaryFolder();

  expect(await readStagesFile(runPaths.stagesYaml(runDir))).toBeNull();
  await expect(readStagesFile(runDir)).rejects.toThrow(`cannot read ${runDir}`);
});
