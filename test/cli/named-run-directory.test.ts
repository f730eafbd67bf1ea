import { cpSync } from 'node:fs';
import { join } from 'node:path';

import { beforeEach, describe, expect, test, vi } from 'vitest';

import { givenRunDirectory } from '../../src/cli/session/run-arguments.ts';
import { runWorld } from '../host/run-directory/run-directory-fixture.ts';
import { runCalib } from './run-calib.ts';

/** Nothing listens there: sessions are looked up on the disk. */
const noServer = { TEMPORAL_ADDRESS: '127.0.0.1:1' };

describe('the run directory that a command reads', () => {
  beforeEach(() => {
    vi.stubEnv('TEMPORAL_ADDRESS', noServer.TEMPORAL_ADDRESS);
  });

  const world = () => {
    const { runDir, root } = runWorld();
    const newer = join(root, '.tune-runs', '20260501T050000Z_nova');
    cpSync(runDir, newer, { recursive: true });
    const context = {
      any: false,
      repoRoot: async () => ({ path: root, source: 'flag' as const, warnings: [] }),
    };
    const given = async (reference?: string, folder?: string) =>
      await givenRunDirectory(context, { reference, runDir: folder });
    return { runDir, newer, given };
  };

  test('is named by id, by prefix, by latest, or as a path, with and without the option', async () => {
    const { runDir, newer, given } = world();
    for (const name of ['20260501T050000Z_nova', '20260501', newer]) {
      expect(await given(name)).toBe(newer);
      expect(await given(undefined, name)).toBe(newer);
    }
    expect(await given(runDir)).toBe(runDir);
    expect(await given('./some/where')).toBe('./some/where');
  });

  test('must be named once', async () => {
    const { given } = world();
    await expect(given()).rejects.toMatchObject({ code: 'invalid-input' });
    await expect(given('latest', 'x')).rejects.toMatchObject({ code: 'invalid-input' });
  });

  test('that is nowhere is told with the places that were looked at', async () => {
    const { given } = world();
    const failure = await given('2031').catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('127.0.0.1:1') as string,
    });
    expect(failure).toMatchObject({ message: expect.stringContaining('.tune-runs') as string });
  });
});

test.each([
  ['strict-audit', 'STRICT + GIT: READY'],
  ['status', '"strict_ready": "2/2"'],
  ['report', 'report written to'],
  ['apply-plan', '"model": "nova-v1"'],
])('%s takes latest', async (command, text) => {
  const { root } = runWorld();
  const run = await runCalib([command, 'latest', '--repo-root', root, '--no-host'], { env: noServer });
  expect(run, run.stderr).toMatchObject({ exitCode: 0 });
  expect(run.stdout).toContain(text);
});

test('status answers JSON also for a session that is nowhere', async () => {
  const run = await runCalib(['status', 'nobody', '--no-host'], { env: noServer });
  expect(run.exitCode).toBe(3);
  expect(JSON.parse(run.stdout)).toEqual({ error: expect.stringContaining('no session nobody') as string });
});
