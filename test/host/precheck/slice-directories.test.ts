import { chmodSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { createSliceDirectories, readSliceDirectories } from '../../../src/host/precheck/machine.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';
import { writeText } from '../../fixtures/write-text.ts';

describe('slice directories', () => {
  it('are looked at without being made', async () => {
    const home = temporaryFolder();
    mkdirSync(join(home, '.cache'));
    writeText(join(home, '.torchinductor'), 'a file');
    expect(await readSliceDirectories({ OMNI_CI_HOME: home })).toEqual([
      { path: join(home, '.cache'), state: 'writable' },
      { path: join(home, '.torchinductor'), state: 'not a folder' },
    ]);
    const empty = temporaryFolder();
    const states = await readSliceDirectories({ OMNI_CI_HOME: empty });
    expect([states?.map(({ state }) => state), readdirSync(empty)]).toEqual([['missing', 'missing'], []]);
  });

  it.skipIf(process.getuid?.() === 0)('are reported when they cannot be written', async () => {
    const home = temporaryFolder();
    mkdirSync(join(home, '.cache'));
    chmodSync(join(home, '.cache'), 0o500);
    expect((await readSliceDirectories({ OMNI_CI_HOME: home }))?.[0]?.state).toBe('read-only');
  });

  it('are made at the start of a run, once', async () => {
    const home = temporaryFolder();
    const env = { OMNI_CI_HOME: home };
    expect(await createSliceDirectories(env)).toEqual([join(home, '.cache'), join(home, '.torchinductor')]);
    expect([await createSliceDirectories(env), readdirSync(join(home, '.cache'))]).toEqual([[], []]);
  });

  it('are not made where OMNI_CI_HOME itself is missing or not set', async () => {
    const home = join(temporaryFolder(), 'absent');
    expect([await createSliceDirectories({ OMNI_CI_HOME: home }), await createSliceDirectories({})]).toEqual([
      [],
      [],
    ]);
    expect(existsSync(home)).toBe(false);
  });

  it('are no matter where the environment has no OMNI_CI_HOME', async () => {
    expect(await readSliceDirectories({})).toBeNull();
  });
});
