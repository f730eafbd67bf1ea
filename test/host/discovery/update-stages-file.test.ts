import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { beforeEach, describe, expect, test } from 'vitest';

import { parseStagesYaml } from '../../../src/domain/stages/stages-yaml.ts';
import { findStaleStages } from '../../../src/host/discovery/find-stale-stages.ts';
import { updateStagesFile } from '../../../src/host/discovery/update-stages-file.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';
import { config } from './world.ts';

const settings = config('test_globs: ["test_*.py"]\n');
const first = new Date('2025-06-01T12:00:00Z');
const later = new Date('2026-06-01T12:00:00Z');

let repoRoot: string;
let output: string;

beforeEach(() => {
  repoRoot = temporaryFolder({
    'test_a.py': 'A_MIN_ACCURACY = 0.5\nA_WER_MAX_CORPUS = 0.1\n',
    'test_b.py': 'B_MIN_ACCURACY = 0.5\n',
  });
  output = join(repoRoot, 'models/nova/stages.yaml');
});

function update(options: { now?: Date; stage?: string; checkOnly?: boolean } = {}) {
  const { now = first, stage = null, checkOnly = false } = options;
  return updateStagesFile({ repoRoot, config: settings, output, stage, checkOnly, now });
}

async function changeA(): Promise<void> {
  await writeFile(join(repoRoot, 'test_a.py'), 'A_MIN_ACCURACY = 0.6\nA_WER_MAX_CORPUS = 0.1\n');
}

async function times(): Promise<string[]> {
  const stages = parseStagesYaml(await readFile(output, 'utf8'), output);
  return stages.map((stage) => `${stage.key} ${stage.last_discovered_at.slice(0, 4)}`);
}

describe('updateStagesFile', () => {
  test('writes the file with its folders', async () => {
    expect((await update()).outcome).toBe('written');
    expect(await times()).toEqual(['a_accuracy 2025', 'a_wer 2025', 'b_accuracy 2025']);
  });

  test('is a no-op when nothing but the time would change', async () => {
    await update();
    const before = await readFile(output);
    expect((await update({ now: later })).outcome).toBe('unchanged');
    expect(await readFile(output)).toEqual(before);
  });

  test('gives a new time only to the stages that changed', async () => {
    await update();
    await changeA();
    await update({ now: later });
    expect(await times()).toEqual(['a_accuracy 2026', 'a_wer 2026', 'b_accuracy 2025']);
  });

  test('writes nothing when a file is wrong', async () => {
    await update();
    const before = await readFile(output);
    await writeFile(join(repoRoot, 'test_b.py'), 'B = (\n');
    expect((await update({ now: later })).outcome).toBe('refused');
    expect(await readFile(output)).toEqual(before);
  });

  test('replaces a file that it cannot read', async () => {
    await update();
    await writeFile(output, 'nonsense');
    expect((await update()).outcome).toBe('written');
    expect(await times()).toHaveLength(3);
  });

  test('--check says what is stale and writes nothing', async () => {
    await update();
    const before = await readFile(output);
    await changeA();
    const { outcome, diff } = await update({ checkOnly: true, now: later });
    expect(outcome).toBe('stale');
    expect(diff.map((line) => line.replace(/[0-9a-f]{64}/, '<sha>'))).toEqual([
      '~ a_accuracy',
      '    - test_file_sha256: <sha>',
      '    + test_file_sha256: <sha>',
      '~ a_wer',
      '    - test_file_sha256: <sha>',
      '    + test_file_sha256: <sha>',
    ]);
    expect(await readFile(output)).toEqual(before);
  });

  test('--check of a missing file is stale and makes none', async () => {
    expect((await update({ checkOnly: true })).outcome).toBe('stale');
    await expect(readFile(output)).rejects.toThrow('ENOENT');
  });

  test('--stage updates that block only', async () => {
    await update();
    await changeA();
    expect((await update({ now: later, stage: 'a_wer' })).outcome).toBe('written');
    expect(await times()).toEqual(['a_accuracy 2025', 'a_wer 2026', 'b_accuracy 2025']);
  });

  test('--stage leaves the file alone when that block is up to date', async () => {
    await update();
    await changeA();
    expect((await update({ now: later, stage: 'b_accuracy' })).outcome).toBe('unchanged');
  });

  test('--stage refuses an unknown key and a missing file', async () => {
    await expect(update({ stage: 'a_wer' })).rejects.toThrow('does not exist');
    await update();
    await expect(update({ stage: 'nope' })).rejects.toThrow('valid: a_accuracy, a_wer, b_accuracy');
  });
});

describe('findStaleStages', () => {
  async function stale(edit: (text: string) => string = (text) => text) {
    await update();
    const stages = parseStagesYaml(edit(await readFile(output, 'utf8')), output);
    return { stages, find: () => findStaleStages({ repoRoot, stages }) };
  }

  test('finds nothing right after discovery', async () => {
    expect(await (await stale()).find()).toEqual([]);
  });

  test('names every stage of a changed file', async () => {
    const { find } = await stale();
    await changeA();
    expect((await find()).map(({ stage, file, kind }) => [stage, file, kind])).toEqual([
      ['a_accuracy', 'test_a.py', 'test'],
      ['a_wer', 'test_a.py', 'test'],
    ]);
  });

  test('takes a damaged recorded hash for stale and says so', async () => {
    const { find } = await stale((text) => text.replace(/(test_file_sha256: [0-9a-f]{62})[0-9a-f]{2}/, '$1'));
    expect(await find()).toMatchObject([
      { stage: 'a_accuracy', reason: expect.stringContaining('62 characters') },
    ]);
  });

  test('names a missing threshold file', async () => {
    const { stages } = await stale();
    const [stage] = stages;
    const withLimits = { ...stage, threshold_file: 'limits.py', threshold_file_sha256: 'a'.repeat(64) };
    const found = await findStaleStages({ repoRoot, stages: [withLimits as (typeof stages)[number]] });
    expect(found).toMatchObject([{ kind: 'threshold', file: 'limits.py', actual: null }]);
  });
});
