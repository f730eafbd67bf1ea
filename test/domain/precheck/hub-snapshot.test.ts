import { describe, expect, it } from 'vitest';

import { hubFolderName, snapshotProblem, type HubListing } from '../../../src/domain/precheck/assets.ts';

function listing(more: Partial<HubListing> = {}): HubListing {
  return {
    present: true,
    revision: 'a1b2c3d4e5f6',
    files: { 'config.json': 10, 'model.safetensors': 1000 },
    incomplete: [],
    incompleteAgeSeconds: null,
    weightMaps: {},
    ...more,
  };
}

describe('what counts as cached', () => {
  it('names the folder of a repository as the hub library does', () => {
    expect(hubFolderName('dataset', 'acme/eval-set')).toBe('datasets--acme--eval-set');
  });

  it('accepts a whole model and a whole dataset', () => {
    const dataset = listing({ files: { 'data/a.arrow': 5 } });
    expect([snapshotProblem('model', listing()), snapshotProblem('dataset', dataset)]).toEqual([null, null]);
  });

  it.each<[string, Partial<HubListing>, string]>([
    ['nothing there', { present: false }, 'not in the cache'],
    [
      'no default revision',
      { revision: null, files: null },
      'no refs/main, so the default revision is unknown',
    ],
    ['no snapshot of it', { files: null }, 'no snapshot of revision a1b2c3d4'],
    [
      'an interrupted download',
      { incomplete: ['/b/ab.incomplete'], incompleteAgeSeconds: 3600 },
      '1 unfinished download(s), /b/ab.incomplete',
    ],
    [
      'a download that seems to run',
      { incomplete: ['/b/ab.incomplete'], incompleteAgeSeconds: 5 },
      '1 unfinished download(s), /b/ab.incomplete, written 5 s ago: let the download that runs finish',
    ],
    [
      'a broken link',
      { files: { 'model.safetensors': null } },
      'model.safetensors is a link that leads nowhere',
    ],
    ['an empty snapshot', { files: {} }, 'the snapshot is empty'],
    ['no weights', { files: { 'config.json': 10 } }, 'the snapshot has no .safetensors or .bin file'],
    [
      'an empty shard of the weight map',
      {
        files: { 'a.safetensors': 1, 'b.safetensors': 0 },
        weightMaps: { 'model.safetensors.index.json': ['a.safetensors', 'b.safetensors', 'c.safetensors'] },
      },
      '2 of 3 shards of model.safetensors.index.json missing or empty: b.safetensors',
    ],
    ['an index that is no JSON', { weightMaps: { 'x.index.json': null } }, 'x.index.json cannot be read'],
    [
      'one shard of fifteen without an index',
      { files: { 'model-00001-of-00015.safetensors': 9 } },
      '1 of 15 shards of model-*-of-00015.safetensors',
    ],
  ])('does not accept %s', (_what, more, problem) => {
    expect(snapshotProblem('model', listing(more))).toBe(problem);
  });

  it('does not look into a dataset for weights', () => {
    expect(snapshotProblem('dataset', listing({ files: { 'README.md': 1 } }))).toBeNull();
  });
});
