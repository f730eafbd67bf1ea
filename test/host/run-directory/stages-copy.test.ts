import { readFile, readdir, writeFile } from 'node:fs/promises';

import { expect, test } from 'vitest';

import { runPaths } from '../../../src/host/run-directory/paths.ts';
import { readStagesFile, replaceStagesCopy } from '../../../src/host/run-directory/stages-copy.ts';
import { temporaryFolder } from './temporary-folder.ts';

async function replace(runDir: string, text: string): Promise<string> {
  const present = await readStagesFile(runPaths.stagesYaml(runDir));
  if (present === null) throw new Error('no copy');
  return await replaceStagesCopy(runDir, present, text);
}

test('keeps every earlier version beside the new one', async () => {
  const runDir = await temporaryFolder();
  await writeFile(runPaths.stagesYaml(runDir), 'first');

  expect(await replace(runDir, 'second')).toBe('stages.yaml.1');
  expect(await replace(runDir, 'third')).toBe('stages.yaml.2');

  const texts = await Promise.all(
    (await readdir(runDir)).sort().map(async (name) => await readFile(`${runDir}/${name}`, 'utf8')),
  );
  expect(texts).toEqual(['third', 'first', 'second']);
});

test('keeps a version once, even where a crash came between keeping and replacing', async () => {
  const runDir = await temporaryFolder();
  await writeFile(runPaths.stagesYaml(runDir), 'first');
  await writeFile(`${runPaths.stagesYaml(runDir)}.1`, 'first');

  expect(await replace(runDir, 'second')).toBe('stages.yaml.1');
  expect((await readdir(runDir)).sort()).toEqual(['stages.yaml', 'stages.yaml.1']);
});

test('a file that is not there is no error, one that cannot be read is', async () => {
  const runDir = await temporaryFolder();

  expect(await readStagesFile(runPaths.stagesYaml(runDir))).toBeNull();
  await expect(readStagesFile(runDir)).rejects.toThrow(`cannot read ${runDir}`);
});
