import { expect, test } from 'vitest';

import { planPool } from '../../src/cli/commands/start/plan-session.ts';
import { openCatalog } from '../../src/host/catalog/open-catalog.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';
import { modelYaml } from '../host/catalog/model-yaml.ts';

/** The profile as a session's basis has it. */
async function hostOf(yaml: string) {
  const dir = temporaryFolder({ 'models/nova/config.yaml': modelYaml('nova'), 'hosts/box.yaml': yaml });
  const catalog = await openCatalog(dir);
  return { host: await catalog.loadHost('box') };
}

test("a session is of its host's pool", async () => {
  expect(planPool(await hostOf('name: box\npool: lab\n'), { pool: true })).toEqual({ pool: 'lab' });
});

test('--no-pool keeps it at home', async () => {
  expect(planPool(await hostOf('name: box\npool: lab\n'), { pool: false })).toEqual({});
});

test.each([
  ['a profile without a pool', async () => await hostOf('name: box\n')],
  ['no profile', () => Promise.resolve({ host: null })],
])('%s makes no session of a pool', async (_what, host) => {
  expect(planPool(await host(), { pool: true })).toEqual({});
});
