import { symlinkSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { resolveTarget } from '../../../src/host/apply/prepare-apply.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

test("a link into git's own folder is not edited", async () => {
  const repoRoot = temporaryFolder({ '.git/hooks/inside.py': 'A = 1\n' });
  symlinkSync(join(repoRoot, '.git/hooks/inside.py'), join(repoRoot, 'limits.py'));
  expect(await resolveTarget({ repoRoot, file: 'limits.py' })).toEqual({
    problem: expect.stringContaining("limits.py leads into git's own folder") as string,
  });
});

test.each(['../limits.py', '/etc/hostname'])('%s, outside of the checkout, is not edited', async (file) => {
  const repoRoot = join(temporaryFolder({ 'limits.py': 'A = 1\n', 'checkout/a.py': '' }), 'checkout');
  expect(await resolveTarget({ repoRoot, file })).toEqual({
    problem: expect.stringContaining('leads out of the repository') as string,
  });
});
