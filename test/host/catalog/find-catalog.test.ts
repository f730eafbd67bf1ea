import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { findCatalog } from '../../../src/host/catalog/find-catalog.ts';
import { shippedCatalogDir } from '../../../src/host/catalog/open-catalog.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

const skill = '.claude/skills/tune-ci-thresholds';
const shipped = shippedCatalogDir();

function find(files: string[], given: { flag?: string; env?: NodeJS.ProcessEnv } = {}) {
  const repoRoot = temporaryFolder(Object.fromEntries(files.map((file) => [file, 'name: x\n'])));
  const found = findCatalog({ flag: given.flag, env: given.env ?? {}, repoRoot, cwd: repoRoot });
  return { repoRoot, found };
}

describe('the catalog that is meant', () => {
  test.each([
    [['calib/models/a/config.yaml', `${skill}/models/b/config.yaml`], 'calib'],
    [['calib/src/thing.py', `${skill}/models/b/config.yaml`], skill],
  ])('of a checkout with %j lies in %s', async (files, folder) => {
    const { repoRoot, found } = find(files);
    const dir = join(repoRoot, folder);
    expect(await found).toEqual({
      dir,
      hostsDir: join(shipped, 'hosts'),
      line: `catalog: ${dir} (in the checkout); hosts: ${join(shipped, 'hosts')} (shipped with calib)`,
    });
  });

  test('is the shipped one where the checkout brings none', async () => {
    const { found } = find(['calib/__init__.py', 'models/a/config.yaml']);
    expect(await found).toMatchObject({ dir: shipped, line: `catalog: ${shipped} (shipped with calib)` });
  });

  test('is the one that is named before all others, and then goes without saying', async () => {
    const { repoRoot, found } = find(['calib/models/a/config.yaml', 'mine/hosts/h.yaml'], {
      flag: 'mine',
      env: { CALIB_CATALOG: 'other' },
    });
    const dir = join(repoRoot, 'mine');
    expect(await found).toEqual({ dir, hostsDir: join(dir, 'hosts'), line: null });
    const named = find(['other/models/a/config.yaml'], { env: { CALIB_CATALOG: 'other' } });
    expect(await named.found).toMatchObject({ dir: join(named.repoRoot, 'other'), line: null });
  });

  test('takes host profiles from the next place that has some', async () => {
    const { repoRoot, found } = find([
      'calib/models/a/config.yaml',
      `${skill}/models/b/config.yaml`,
      `${skill}/hosts/h.yaml`,
    ]);
    expect((await found).hostsDir).toBe(join(repoRoot, skill, 'hosts'));
  });
});
