import { fileURLToPath } from 'node:url';

import { execa } from 'execa';
import { expect, test } from 'vitest';

import { applyWorld } from '../../cli/apply-world.ts';
import { TEST_FILE, TEST_SOURCE } from '../../host/run-directory/run-directory-fixture.ts';

const drive = fileURLToPath(new URL('../../fixtures/terminal/drive.py', import.meta.url));
const calib = fileURLToPath(new URL('../../../bin/calib', import.meta.url));

test('an undo on a terminal asks, and restores nothing without a yes', async () => {
  const { apply, read, root } = await applyWorld();
  await apply('full');
  const onTerminal = async (keys: string) => {
    const steps = JSON.stringify([['Restore them', keys]]);
    const command = [process.execPath, calib, 'apply', 'session', '--undo'];
    const env = { TEMPORAL_ADDRESS: '127.0.0.1:1', TUNE_REPO_ROOT: root };
    return (await execa('python3', [drive, steps, ...command], { cwd: root, env })).stdout.split('\n');
  };
  expect((await onTerminal('n'))[0]?.trim()).toBe('1');
  expect(read(TEST_FILE)).not.toBe(TEST_SOURCE);
  expect((await onTerminal('y'))[0]?.trim()).toBe('0');
  expect(read(TEST_FILE)).toBe(TEST_SOURCE);
});
