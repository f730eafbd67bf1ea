import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { snapshotProblem } from '../../../src/domain/precheck/assets.ts';
import { hubPlace, listHubRepository } from '../../../src/host/precheck/assets.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';
import { writeText } from '../../fixtures/write-text.ts';
import { putHubRepository, revision } from './precheck-world.ts';

const index = JSON.stringify({
  weight_map: { a: 'one.safetensors', b: 'two.safetensors', c: 'one.safetensors' },
});

describe('the hub cache by its layout', () => {
  it('lists a snapshot through its links, with the shards of its weight map', async () => {
    const hub = temporaryFolder();
    putHubRepository(hub, 'model', 'acme/m', {
      'model.safetensors.index.json': index,
      'one.safetensors': 'xx',
      'sub/two.safetensors': 'x',
    });
    expect(await listHubRepository(hub, 'model', 'acme/m')).toEqual({
      present: true,
      revision,
      files: { 'model.safetensors.index.json': index.length, 'one.safetensors': 2, 'sub/two.safetensors': 1 },
      incomplete: [],
      incompleteAgeSeconds: null,
      weightMaps: { 'model.safetensors.index.json': ['one.safetensors', 'two.safetensors'] },
    });
  });

  it('finds shards beside an index in a folder', async () => {
    const hub = temporaryFolder();
    putHubRepository(hub, 'model', 'acme/m', {
      'unet/x.safetensors.index.json': index,
      'unet/one.safetensors': 'x',
      'unet/two.safetensors': 'x',
    });
    expect(snapshotProblem('model', await listHubRepository(hub, 'model', 'acme/m'))).toBeNull();
  });

  it('tells a link that leads nowhere', async () => {
    const hub = temporaryFolder();
    const folder = putHubRepository(hub, 'dataset', 'acme/d', { 'a.arrow': 'x' });
    rmSync(join(folder, 'blobs/a.arrow'));
    expect((await listHubRepository(hub, 'dataset', 'acme/d')).files).toEqual({ 'a.arrow': null });
  });

  it('tells an unfinished download', async () => {
    const hub = temporaryFolder();
    const folder = putHubRepository(hub, 'model', 'acme/m', { 'a.bin': 'x' });
    writeText(join(folder, 'blobs/ffff.incomplete'), '');
    const { incomplete, incompleteAgeSeconds } = await listHubRepository(hub, 'model', 'acme/m');
    expect(incomplete).toEqual([join(folder, 'blobs/ffff.incomplete')]);
    expect(incompleteAgeSeconds).toBeTypeOf('number');
  });

  it('takes an index without a weight map for an ordinary file, and a damaged one for a gap', async () => {
    const hub = temporaryFolder();
    putHubRepository(hub, 'model', 'acme/m', { 'a.index.json': '{}', 'b.index.json': '{', 'm.bin': 'x' });
    expect((await listHubRepository(hub, 'model', 'acme/m')).weightMaps).toEqual({ 'b.index.json': null });
  });

  it('does not follow a link to a folder round in circles', async () => {
    const hub = temporaryFolder();
    const folder = putHubRepository(hub, 'dataset', 'acme/d', { 'a.arrow': 'x' });
    symlinkSync('..', join(folder, 'snapshots', revision, 'up'));
    expect((await listHubRepository(hub, 'dataset', 'acme/d')).files).toEqual({ 'a.arrow': 1 });
  });

  it('knows neither revision nor files of what is not there', async () => {
    const hub = temporaryFolder();
    const listing = await listHubRepository(hub, 'model', 'acme/m');
    expect([listing.present, listing.revision, listing.files]).toEqual([false, null, null]);
  });

  it('knows a revision without its snapshot', async () => {
    const hub = temporaryFolder();
    const folder = putHubRepository(hub, 'model', 'acme/m', { 'a.bin': 'x' });
    writeFileSync(join(folder, 'refs/main'), 'f'.repeat(40));
    const listing = await listHubRepository(hub, 'model', 'acme/m');
    expect([listing.revision, listing.files]).toEqual(['f'.repeat(40), null]);
  });

  it.each([
    [{ HF_HUB_CACHE: '/c', HF_HOME: '/h' }, '/c', 'HF_HUB_CACHE=/c'],
    [{ HF_HOME: '/h' }, '/h/hub', 'HF_HOME=/h'],
    [{ XDG_CACHE_HOME: '/x', HOME: '/u' }, '/x/huggingface/hub', 'HF_HOME is not set'],
    [{ HOME: '/u' }, '/u/.cache/huggingface/hub', 'HF_HOME is not set'],
  ])('looks with %j where the hub library does', (env, dir, setting) => {
    expect(hubPlace(env)).toEqual({ dir, setting });
  });
});
