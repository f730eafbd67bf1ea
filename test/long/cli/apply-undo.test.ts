import { expect, test } from 'vitest';

import { applyWorld } from '../../cli/apply-world.ts';
import { onTerminal } from '../../fixtures/terminal/on-terminal.ts';
import { TEST_FILE, TEST_SOURCE } from '../../host/run-directory/run-directory-fixture.ts';

test('an undo on a terminal asks, and restores nothing without a yes', async () => {
  const { apply, read, root } = await applyWorld();
  await apply('full');
  const undo = async (keys: string) => {
    const env = { TEMPORAL_ADDRESS: '127.0.0.1:1', TUNE_REPO_ROOT: root };
    const run = await onTerminal([['Restore them', keys]], ['apply', 'session', '--undo'], {
      cwd: root,
      env,
    });
    return run.exitCode;
  };
  expect(await undo('n')).toBe(1);
  expect(read(TEST_FILE)).not.toBe(TEST_SOURCE);
  expect(await undo('y')).toBe(0);
  expect(read(TEST_FILE)).toBe(TEST_SOURCE);
});
