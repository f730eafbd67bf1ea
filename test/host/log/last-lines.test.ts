import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { lastLines } from '../../../src/host/log/last-lines.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

function logOf(text: string): string {
  const path = join(temporaryFolder(), 'run1.attempt1.log');
  writeFileSync(path, text);
  return path;
}

test('colours and progress bars are left out, and what acts on a reader is shown as its code', async () => {
  const log = logOf(
    '\u001B[31mFAILED\u001B[0m test_oak\n 10%\r 50%\r100% done\n\ntest_\u202Ekao.py\u0007\u200B end\n',
  );
  expect(await lastLines(log)).toEqual([
    'FAILED test_oak',
    '100% done',
    String.raw`test_\u202ekao.py\x07\u200b end`,
  ]);
});

test('a long line is cut and says how long it was; a secret is taken out before', async () => {
  const log = logOf(`token hf_${'A'.repeat(30)} ${'x'.repeat(1000)}\n`);
  const [line = ''] = await lastLines(log);
  expect(line).toHaveLength(200);
  expect(line).toMatch(/ characters, [0-9a-f]{8}\)$/);
  expect(line).not.toContain('AAAA');
});

test('at most twelve lines of the end, and none of a log that is not there', async () => {
  const lines = Array.from({ length: 5000 }, (_, at) => `line ${at}`);
  expect(await lastLines(logOf(lines.join('\n')))).toEqual(lines.slice(-12));
  expect(await lastLines('/nowhere/run.log')).toEqual([]);
});
