import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { runCalib } from './run-calib.ts';
import { noServer as env, useStartWorld } from './start-world.ts';

const world = useStartWorld();
const anyQuestion = /◆|Model|Repeats of/;
const options = { timeout: 60_000 };

describe.concurrent('without a terminal nothing is asked and the documented defaults apply', options, () => {
  it('no model of several', async () => {
    const run = await runCalib(world.startArguments(), { env });
    expect(run).toMatchObject({ exitCode: 2, stdout: '' });
    expect(run.stderr).toContain('add --model NAME, one of: alpha');
  });

  it('every stage', async () => {
    const run = await runCalib(world.startArguments('--model', 'alpha'), { env });
    expect(run.exitCode).toBe(3);
    expect(run.stderr).toContain("expanded --stages 'ALL' → 2 stage(s): a_accuracy, a_wer");
    expect(run.stderr).not.toMatch(anyQuestion);
  });

  it('0 repeats are refused', async () => {
    const run = await runCalib(world.startArguments('--model', 'alpha', '--repeats', '0'), { env });
    expect(run.exitCode).toBe(2);
  });
});

describe('start refuses stages of another shape than the catalog locks', options, () => {
  it('naming the stage, the difference and the command that locks them anew', async () => {
    await writeFile(join(world.folder, 'test_a.py'), 'A_MIN_ACCURACY = 0.7\nA_CORPUS_WER_MAX = 0.1\n');
    const run = await runCalib(world.startArguments('--model', 'alpha', '--stages', 'a_wer'), { env });
    expect(run).toMatchObject({ exitCode: 2, stdout: '' });
    expect(run.stderr).toContain('a_wer: corpus_wer was A_WER_MAX_CORPUS, is A_CORPUS_WER_MAX');
    expect(run.stderr).not.toContain('a_accuracy');
    expect(run.stderr).toContain('calib discover --model alpha');
  });
});
