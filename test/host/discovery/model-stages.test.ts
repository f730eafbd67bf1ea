import { join } from 'node:path';

import { describe, expect, onTestFinished, test } from 'vitest';

import { openCatalog } from '../../../src/host/catalog/open-catalog.ts';
import { loadModelStages, readModelStages } from '../../../src/host/discovery/model-stages.ts';
import { findStaleStages } from '../../../src/host/discovery/find-stale-stages.ts';
import { sha256Of } from '../../../src/host/run-directory/files.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';
import { writeText } from '../../fixtures/write-text.ts';
import { scratchRepository } from '../git/scratch-repository.ts';

const CONFIG = `name: kiln
test_globs: ["tests/test_*.py"]
stage_base_strip_prefix: test_
metric_sources:
  test_kiln.py:
    json_file: kiln0/results.json
    expected_samples: 3
    sample_counts: {total: n, ok: n}
    paths: {accuracy: a}
`;

/** A catalog without a stages.yaml, beside a checkout with one test file. */
function world() {
  const { root, git, write, remove } = scratchRepository({
    'tests/test_kiln.py': 'KILN_MIN_ACCURACY = 0.5\n',
  });
  onTestFinished(remove);
  const catalogDir = temporaryFolder();
  writeText(join(catalogDir, 'models/kiln/config.yaml'), CONFIG);
  const path = join(catalogDir, 'models/kiln/stages.yaml');
  const repoRoot = async () => await Promise.resolve(root);
  const load = async () => await loadModelStages(await openCatalog(catalogDir), 'kiln', repoRoot);
  return { root, git, write, path, load, question: { path, catalogDir, model: 'kiln', repoRoot } };
}

describe('the stages of a model whose catalog has no stages.yaml', () => {
  test('are discovered in the checkout, and are never stale', async () => {
    const { load, path, root } = world();
    const { stages, discovered, file } = await load();
    expect([discovered, file]).toEqual([true, path]);
    expect(stages.map(({ key }) => key)).toEqual(['kiln_accuracy']);
    expect(await findStaleStages({ repoRoot: root, stages })).toEqual([]);
  });

  test('are the same bytes at each call, on whichever clone of the commit', async () => {
    const { question, git, root } = world();
    const first = await readModelStages(question);
    expect(await readModelStages(question)).toEqual(first);
    const clone = join(temporaryFolder(), 'clone');
    git('clone', '-q', root, clone);
    expect(
      await readModelStages({ ...question, repoRoot: async () => await Promise.resolve(clone) }),
    ).toEqual(first);
    expect(first.sha256).toBe(sha256Of(Buffer.from(first.text)));
  });

  test('cannot be had where there is no checkout, or no test file', async () => {
    const { question } = world();
    const none = { ...question, repoRoot: async () => await Promise.reject(new Error('no checkout here')) };
    await expect(readModelStages(none)).rejects.toThrow(
      `${question.path}: does not exist yet, and the stages cannot be discovered: no checkout here`,
    );
    const empty = { ...question, repoRoot: async () => await Promise.resolve(temporaryFolder()) };
    await expect(readModelStages(empty)).rejects.toThrow(/cannot be discovered in .*\n.*matches no file/s);
  });

  test('a file that is there is what counts, byte for byte', async () => {
    const { question, path } = world();
    writeText(path, '# none\n');
    expect(await readModelStages(question)).toMatchObject({ text: '# none\n', discovered: false });
  });
});
