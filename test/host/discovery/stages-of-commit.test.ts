import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, onTestFinished, test } from 'vitest';

import { lockOf, parseStagesYaml, renderStagesYaml } from '../../../src/domain/stages/stages-yaml.ts';
import { requireLockedShape, stagesOfCommit } from '../../../src/host/discovery/stages-of-commit.ts';
import { sha256Of } from '../../../src/host/run-directory/files.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';
import { writeText } from '../../fixtures/write-text.ts';
import { scratchRepository } from '../git/scratch-repository.ts';
import { config } from './world.ts';

const settings = config(
  'test_globs: ["tests/test_*.py"]\nmetric_sources: {test_kiln.py: {json_file: r.json, paths: {accuracy: a}}}\n',
);

function world() {
  const repository = scratchRepository({ 'tests/test_kiln.py': 'KILN_MIN_ACCURACY = 0.5\n' });
  onTestFinished(repository.remove);
  return { ...repository, find: () => stagesOfCommit({ repoRoot: repository.root, config: settings }) };
}

describe('the stages of a commit', () => {
  test('are the same bytes at each call, on whichever clone', async () => {
    const { find, git, root } = world();
    const first = await find();
    expect(await find()).toEqual(first);
    const clone = join(temporaryFolder(), 'clone');
    git('clone', '-q', root, clone);
    expect(await stagesOfCommit({ repoRoot: clone, config: settings })).toEqual(first);
    expect(first.sha256).toBe(sha256Of(Buffer.from(first.text)));
  });

  test('keep the hash of each test file, and read back as what was discovered', async () => {
    const { find, root } = world();
    const { stages, text } = await find();
    expect(parseStagesYaml(text, 'stages.yaml')).toEqual(stages);
    expect(stages[0]?.test_file_sha256).toBe(sha256Of(readFileSync(join(root, 'tests/test_kiln.py'))));
  });

  test('cannot be had of a file that does not parse, or of no file, which are named', async () => {
    const { find, write, git } = world();
    write('tests/test_kiln.py', 'KILN_MIN_ACCURACY = (\n');
    await expect(find()).rejects.toThrow(/tests\/test_kiln\.py:\d+/);
    git('rm', '-qf', 'tests/test_kiln.py');
    await expect(find()).rejects.toThrow('matches no file');
  });
});

describe("the catalog's lock of the shape", () => {
  async function locked(lock: (text: string) => string) {
    const { find, write } = world();
    const { stages } = await find();
    const file = join(temporaryFolder(), 'stages.yaml');
    writeText(file, lock(renderStagesYaml(lockOf(stages))));
    const require = async () =>
      await requireLockedShape({ file, model: 'nova', stages: (await find()).stages });
    return { require, write, file };
  }

  test('lets go what has only other values', async () => {
    const { require, write } = await locked((text) => text);
    await require();
    write('tests/test_kiln.py', 'KILN_MIN_ACCURACY = 0.75  # later\n');
    await require();
  });

  test('refuses what has another shape, one line a stage, and names the command', async () => {
    const { require, write, file } = await locked((text) => text);
    write('tests/test_kiln.py', 'OTHER_MIN_ACCURACY = 0.5\nKILN_WER_MAX_CORPUS = 1\n');
    await expect(require()).rejects.toMatchObject({
      code: 'invalid-input',
      message: `the stages of this commit are not those that ${file} locks:\n  kiln_accuracy: accuracy was KILN_MIN_ACCURACY, is OTHER_MIN_ACCURACY\n  kiln_wer: is new, in tests/test_kiln.py`,
      remedy: expect.stringContaining('calib discover --model nova'),
    });
  });

  test('is no lock where the original, or nobody, wrote it', async () => {
    const { require, write, file } = await locked((text) =>
      text.replace(/^# .*\n/, '# tune.py\n').replace(/schema: .*\n/, ''),
    );
    write('tests/test_kiln.py', 'OTHER_MIN_ACCURACY = 0.5\n');
    await require();
    await expect(
      requireLockedShape({ file: `${file}.none`, model: 'nova', stages: [] }),
    ).resolves.toBeUndefined();
  });
});
