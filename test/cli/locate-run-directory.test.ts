import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { beforeEach, describe, expect, test, vi } from 'vitest';

import { locateRunDirectory } from '../../src/cli/session/locate-run-directory.ts';
import { CalibError } from '../../src/domain/calib-error.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';

/** A checkout with run directories of these names; `unfinished` ones have no plan. */
function checkout(sessions: string[], unfinished: string[] = []) {
  const root = temporaryFolder();
  for (const name of [...sessions, ...unfinished]) {
    mkdirSync(join(root, '.tune-runs', name), { recursive: true });
    if (sessions.includes(name)) writeFileSync(join(root, '.tune-runs', name, 'plan.json'), '{}');
  }
  const context = {
    any: false,
    repoRoot: async () => ({ path: root, source: 'flag' as const, warnings: [] }),
  };
  return { root, locate: async (reference: string) => await locateRunDirectory(context, reference) };
}

describe('the run directory of a session, where no server answers', () => {
  beforeEach(() => {
    vi.stubEnv('TEMPORAL_ADDRESS', '127.0.0.1:1');
  });

  test('is the one of that name, or of that unambiguous beginning', async () => {
    const { root, locate } = checkout(['20260423T050000Z_nova', '20260424T050000Z_nova']);
    const runDir = join(root, '.tune-runs', '20260423T050000Z_nova');
    expect(await locate('20260423T050000Z_nova')).toEqual({ session: '20260423T050000Z_nova', runDir });
    expect(await locate('20260423')).toEqual({ session: '20260423T050000Z_nova', runDir });
  });

  test('a name is not ambiguous because another begins with it', async () => {
    const { locate } = checkout(['20260423T050000Z_nova', '20260423T050000Z_nova_r3']);
    expect((await locate('20260423T050000Z_nova')).session).toBe('20260423T050000Z_nova');
    await expect(locate('2026')).rejects.toThrow('2026 fits several sessions');
  });

  test('latest is the newest that has a plan', async () => {
    const { locate } = checkout(['20260423T050000Z_nova', '20260424T050000Z_nova'], ['20260425T050000Z_x']);
    expect((await locate('latest')).session).toBe('20260424T050000Z_nova');
  });

  test('may be given by its path', async () => {
    const { root, locate } = checkout(['s']);
    expect(await locate(join(root, '.tune-runs/s/'))).toEqual({
      session: 's',
      runDir: join(root, '.tune-runs/s'),
    });
  });

  test('where there is none, the missing server is the reason', async () => {
    const { locate } = checkout([]);
    const failure = await locate('20260423').catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(CalibError);
    expect(failure).toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('127.0.0.1:1') as string,
    });
  });
});
