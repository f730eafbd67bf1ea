import { createInterface } from 'node:readline';

import { onTestFinished, describe, expect, test } from 'vitest';

import { runPaths } from '../../src/host/run-directory/paths.ts';
import { appendRunLog } from '../../src/host/run-directory/logs/run-log.ts';
import { cleanEnvironment, startCalib } from '../e2e/built-calib.ts';
import { writeText } from '../fixtures/write-text.ts';
import { NAMESPACE, runWorld } from '../host/run-directory/run-directory-fixture.ts';
import { startPytest } from '../host/run-directory/started-pytest.ts';
import { runCalib } from './run-calib.ts';

/** `calib logs --follow` as it runs; `line` gives its next line on stderr. */
function follow(runDir: string) {
  const child = startCalib(['logs', '--run-dir', runDir, '--follow'], { env: cleanEnvironment({}) });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const lines = createInterface({ input: child.stderr })[Symbol.asyncIterator]();
  return { child, line: async () => (await lines.next()).value as string | undefined };
}

describe('logs', () => {
  test('prints the last log, and whose it is on stderr', async () => {
    const { runDir } = runWorld();
    const log = runPaths.attemptLog(runDir, NAMESPACE, 2, 1);
    writeText(log, 'collected 3 items\n');

    expect(await runCalib(['logs', '--run-dir', runDir])).toEqual({
      exitCode: 0,
      stdout: 'collected 3 items',
      stderr: `==> ${NAMESPACE} run 2/3, attempt 1: ${log}`,
    });
  });

  test('keeps pytest’s colours, and shows whatever else would act on a terminal, unless it is to be raw', async () => {
    const { runDir } = runWorld();
    const wild = '\u001b[32mPASSED\u001b[0m \u001b[2J\u001b]52;c;cm0=\u0007 10%\r20%\u202e\n';
    writeText(runPaths.attemptLog(runDir, NAMESPACE, 2, 1), wild);

    expect((await runCalib(['logs', '--run-dir', runDir])).stdout).toBe(
      `\u001b[32mPASSED\u001b[0m ${String.raw`\x1b[2J\x1b]52;c;cm0=\x07`} 10%\n${String.raw`20%\u202e`}`,
    );
    expect((await runCalib(['logs', '--run-dir', runDir, '--raw'])).stdout).toBe(wild.trimEnd());
  });

  test('reads a directory of the original tool', async () => {
    const { runDir } = runWorld({ legacy: true });
    writeText(runPaths.log(runDir, NAMESPACE, 3), 'old\n');

    expect(await runCalib(['logs', '--run-dir', runDir])).toMatchObject({
      stdout: 'old',
      stderr: `==> ${NAMESPACE} run 3/3: ${runPaths.log(runDir, NAMESPACE, 3)}`,
    });
  });

  test('never shows run.log in place of pytest’s output', async () => {
    const { runDir } = runWorld();
    await appendRunLog(runDir, ['a milestone'], new Date());

    const run = await runCalib(['logs', '--run-dir', runDir]);

    expect(run).toMatchObject({ exitCode: 1, stdout: '' });
    expect(run.stderr.split('\n')[0]).toBe(`error: no pytest was started yet in ${runDir}`);
  });

  test('follows from pytest to pytest and ends with the session', async () => {
    const { runDir } = runWorld();
    const { child, line } = follow(runDir);
    expect(await line()).toBe('waiting for a pytest of session');

    const first = await startPytest({ runDir, namespace: NAMESPACE, repeat: 1, attempt: 1 });
    first.write('first\n');
    expect(await line()).toBe(`==> ${NAMESPACE} run 1/3, attempt 1: ${first.log}`);
    await first.end(1);
    expect(await line()).toBe(`--- ${NAMESPACE} run 1 ended (exit 1)`);

    const second = await startPytest({ runDir, namespace: NAMESPACE, repeat: 2, attempt: 1 });
    expect(await line()).toBe(`==> ${NAMESPACE} run 2/3, attempt 1: ${second.log}`);
    second.write('second\n');
    await second.end();
    await appendRunLog(runDir, ['session completed: report only, no file edited'], new Date());

    expect(await line()).toBe(`--- ${NAMESPACE} run 2 ended (exit 0)`);
    expect(await line()).toBe('session has ended');
    expect(await child).toMatchObject({ exitCode: 0, stdout: 'first\nsecond' });
  });

  test('leaves at Ctrl-C with 130 and without a word of error', async () => {
    const { runDir } = runWorld();
    const { child, line } = follow(runDir);
    await line();

    child.kill('SIGINT');

    expect(await line()).toBeUndefined();
    expect(await child).toMatchObject({ exitCode: 130, stdout: '' });
  });

  test('shows a hostile name in an error instead of obeying it', async () => {
    const run = await runCalib(['logs', '--run-dir', '/nowhere/\u001b[2J\u202e']);

    expect(run.stderr).toContain(String.raw`/nowhere/\x1b[2J\u202e`);
    expect(run.stderr).not.toContain('\u001b');
  });

  test.each([
    ['neither session nor directory', ['logs']],
    ['both', ['logs', 'latest', '--run-dir', '/x']],
  ])('takes exactly one place, not %s', async (_what, args) => {
    const run = await runCalib(args);
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toContain('logs takes either a session or --run-dir');
  });

  test('names the units where the wanted one is none', async () => {
    const { runDir } = runWorld();
    const run = await runCalib(['logs', '--run-dir', runDir, '--unit', 'test_x']);
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toContain(`no unit test_x in this session\n  → it has ${NAMESPACE}`);
  });
});
