import { join } from 'node:path';

import { describe, expect, onTestFinished, test } from 'vitest';

import type { Plan } from '../../../src/domain/session/session-plan.ts';
import { shippedCatalogDir } from '../../../src/host/catalog/open-catalog.ts';
import { readCatalogState } from '../../../src/host/publish/read-catalog-state.ts';
import { makeSnapshot } from '../../domain/audit/snapshot-fixture.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';
import { writeText } from '../../fixtures/write-text.ts';
import { scratchRepository } from '../git/scratch-repository.ts';

const CONFIG = 'models/nova-v1/config.yaml';
const PROFILE = 'hosts/lab-1.yaml';

/** A repository of these committed files, and what a publish finds of the catalog in it. */
function world(committed: Record<string, string>) {
  const { root, git, write, remove } = scratchRepository({ 'README.md': 'x\n', ...committed });
  onTestFinished(remove);
  const commit = git('rev-parse', 'HEAD');
  const state = async (plan: Partial<Plan>) => {
    const snapshot = makeSnapshot({ plan: { calibration_git_sha: commit, git_sha: commit, ...plan } });
    return await readCatalogState({ snapshot, repoRoot: root, applied: null });
  };
  return { root, git, write, state };
}

describe('the catalog of a session that is published', () => {
  test('in the repository: a new or changed config is published, one as it was committed is not', async () => {
    const { root, write, state } = world({});
    write(join('calib', CONFIG), 'name: nova-v1\n');
    const plan = { catalog_dir: join(root, 'calib') };
    expect(await state(plan)).toEqual({ stagesPath: null, configPath: join('calib', CONFIG), missing: [] });

    const kept = world({ [join('calib', CONFIG)]: 'name: nova-v1\n' });
    const same = { catalog_dir: join(kept.root, 'calib') };
    expect(await kept.state(same)).toMatchObject({ configPath: null, missing: [] });
    kept.write(join('calib', CONFIG), 'name: nova-v1 # corrected\n');
    expect(await kept.state(same)).toMatchObject({ configPath: join('calib', CONFIG), missing: [] });
  });

  test('ignored by git: a fresh clone lacks it', async () => {
    const { root, write, state } = world({ '.gitignore': 'calib/\n' });
    write(join('calib', CONFIG), 'name: nova-v1\n');
    expect(await state({ catalog_dir: join(root, 'calib') })).toMatchObject({
      configPath: null,
      missing: [`calib/${CONFIG} is ignored by git`],
    });
  });

  test('outside the repository: a fresh clone lacks config, stages and profile', async () => {
    const { state } = world({});
    const catalog = temporaryFolder();
    for (const path of [CONFIG, PROFILE, 'models/nova-v1/stages.yaml']) writeText(join(catalog, path), 'x\n');
    const stages = join(catalog, 'models/nova-v1/stages.yaml');
    expect(await state({ catalog_dir: catalog, host: 'lab-1', stages_yaml: stages })).toEqual({
      stagesPath: null,
      configPath: null,
      missing: [
        `${join(catalog, CONFIG)} lies outside the repository`,
        `${stages} lies outside the repository`,
        `the host profile ${join(catalog, PROFILE)} is not in the repository (\`--no-host\` does without one)`,
      ],
    });
  });

  test('calib’s own: every clone has it with calib', async () => {
    const { state } = world({});
    const plan = { catalog_dir: shippedCatalogDir(), model: 'tts', host: 'sglang-h20-ci' };
    expect(await state(plan)).toEqual({ stagesPath: null, configPath: null, missing: [] });
  });

  test('that the plan does not name: nothing is said of it', async () => {
    const { state } = world({});
    expect(await state({})).toEqual({ stagesPath: null, configPath: null, missing: [] });
  });
});
