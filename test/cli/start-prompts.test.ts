import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { runCalib } from './run-calib.ts';
import { noServer as env, useStartWorld } from './start-world.ts';

const world = useStartWorld();
const anyQuestion = /◆|Model|Repeats of/;
const options = { timeout: 60_000 };

describe.concurrent(
  '03 §7: without a terminal nothing is asked and the documented defaults apply',
  options,
  () => {
    it('the default model', async () => {
      const run = await runCalib(world.startArguments(), { env });
      expect(run).toMatchObject({ exitCode: 2, stdout: '' });
      expect(run.stderr).toContain('unknown model "qwen3-omni-v1"');
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
  },
);

describe('02 §13: start refuses a stages.yaml that does not describe the checkout', options, () => {
  it('naming the stage, the file and the command that fixes it', async () => {
    await writeFile(join(world.folder, 'test_a.py'), 'A_MIN_ACCURACY = 0.5\nA_WER_MAX_CORPUS = 0.2\n');
    const run = await runCalib(world.startArguments('--model', 'alpha', '--stages', 'a_wer'), { env });
    expect(run).toMatchObject({ exitCode: 2, stdout: '' });
    expect(run.stderr).toMatch(
      /a_wer: test_a\.py: the test file has changed \(recorded \w{12}, now \w{12}\)/,
    );
    expect(run.stderr).toContain('→ calib discover --model alpha');
  });
});
