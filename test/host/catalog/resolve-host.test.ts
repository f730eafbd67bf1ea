import { describe, expect, it } from 'vitest';

import { openCatalog } from '../../../src/host/catalog/open-catalog.ts';
import { resolveHost } from '../../../src/host/catalog/resolve.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

const files = {
  'models/nova/config.yaml': '',
  'hosts/here.yaml': 'hostname: box\n',
  'hosts/there.yaml': 'hostname: other\n',
};

async function resolve(
  request: { flag?: string | false; env?: NodeJS.ProcessEnv; hostname?: string },
  more: Record<string, string> = {},
) {
  const catalog = await openCatalog(temporaryFolder({ ...files, ...more }));
  const { flag, env = {}, hostname = 'box' } = request;
  const { host, source, warnings } = await resolveHost({ catalog, flag, env, hostname });
  return { name: host?.name ?? null, source, warnings };
}

describe('resolveHost', () => {
  it('takes --host before TUNE_HOST', async () => {
    expect(await resolve({ flag: 'there', env: { TUNE_HOST: 'here' } })).toMatchObject({
      name: 'there',
      source: 'flag',
    });
  });

  it('takes TUNE_HOST before the hostname', async () => {
    expect(await resolve({ env: { TUNE_HOST: 'there' } })).toMatchObject({ name: 'there', source: 'env' });
  });

  it("takes the profile with this machine's hostname", async () => {
    expect(await resolve({})).toMatchObject({ name: 'here', source: 'hostname' });
  });

  it('takes the profile of the name that CALIB_HOSTNAME gives this machine', async () => {
    const catalog = await openCatalog(temporaryFolder(files));
    const { host, source } = await resolveHost({
      catalog,
      flag: undefined,
      env: { CALIB_HOSTNAME: 'other' },
    });
    expect([host?.name, source]).toEqual(['there', 'hostname']);
  });

  it('finds none when no hostname matches, which is no error', async () => {
    expect(await resolve({ hostname: 'unknown' })).toEqual({ name: null, source: 'none', warnings: [] });
  });

  it('treats an empty TUNE_HOST as absent', async () => {
    expect(await resolve({ env: { TUNE_HOST: '' } })).toMatchObject({ name: 'here', source: 'hostname' });
  });

  it('skips TUNE_HOST for an empty --host', async () => {
    expect(await resolve({ flag: '', env: { TUNE_HOST: 'there' } })).toMatchObject({
      name: 'here',
      source: 'hostname',
    });
  });

  it('uses none for --no-host, whatever else is set', async () => {
    expect(await resolve({ flag: false, env: { TUNE_HOST: 'there' } })).toMatchObject({
      name: null,
      source: 'disabled',
    });
  });

  it('refuses a named profile that does not exist', async () => {
    await expect(resolve({ env: { TUNE_HOST: 'nowhere' } })).rejects.toThrow('unknown host "nowhere"');
  });

  it('refuses to choose between two profiles of one hostname, naming both', async () => {
    await expect(resolve({}, { 'hosts/twin.yaml': 'hostname: box\n' })).rejects.toThrow(
      /hostname "box" stands in 2 profiles: .*here\.yaml, .*twin\.yaml/,
    );
  });

  it('passes over an invalid profile while it looks for the hostname, with a warning', async () => {
    const { name, warnings } = await resolve({}, { 'hosts/bad.yaml': 'repo_root: relative\n' });
    expect(name).toBe('here');
    expect(warnings[0]).toMatch(/host profile bad was passed over: .*an absolute path/);
  });
});
