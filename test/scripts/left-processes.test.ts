import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { execa } from 'execa';
import { describe, expect, onTestFinished, test } from 'vitest';

import { temporaryFolder } from '../fixtures/temporary-folder.ts';

const script = new URL('../../scripts/left-processes.mjs', import.meta.url).href;

/** A process that stays until the test is over. */
function staying(options: { env: Record<string, string>; cwd: string }): number {
  const child = spawn('/bin/sleep', ['60'], { ...options, stdio: 'ignore' });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return child.pid ?? 0;
}

/** What is found from another process, as after a run of tests. */
async function found(run: { mark: string; folder: string }): Promise<unknown> {
  const program = `import { leftProcesses } from ${JSON.stringify(script)};
    console.log(JSON.stringify(await leftProcesses(${JSON.stringify({ ...run, limitMs: 0 })})));`;
  const cwd = fileURLToPath(new URL('../..', import.meta.url));
  const { stdout } = await execa(process.execPath, ['--input-type=module', '--eval', program], { cwd });
  return JSON.parse(stdout);
}

describe('what a run of tests left behind', () => {
  test('is known by the mark that children inherit, and named by its command line', async () => {
    const [folder, mark] = [temporaryFolder(), 'mark-of-this-run'];
    const pid = staying({ env: { TEST_RUN_MARK: mark }, cwd: '/' });
    staying({ env: { TEST_RUN_MARK: 'mark-of-another' }, cwd: '/' });
    expect(await found({ mark, folder })).toEqual([{ pid, command: '/bin/sleep 60' }]);
  });

  test('is known by where it works when it has an environment of its own', async () => {
    const folder = temporaryFolder({ 'below/file': '' });
    const pid = staying({ env: {}, cwd: `${folder}/below` });
    expect(await found({ mark: 'none', folder })).toEqual([{ pid, command: '/bin/sleep 60' }]);
  });
});
