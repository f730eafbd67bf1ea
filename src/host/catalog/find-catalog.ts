import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { shippedCatalogDir } from './open-catalog.ts';

/** Where a repository keeps a catalog: calib's own folder, then that of the original's skill, v0.6.0's and v0.7.0's. */
const repositoryFolders = ['calib', '.claude/skills/tune-ci-thresholds'];

export interface CatalogRequest {
  /** `--catalog`. */
  flag: string | undefined;
  env: NodeJS.ProcessEnv;
  /** The checkout, where one is known; absolute. */
  repoRoot: string | null;
  /** What relative paths are relative to. Absolute. */
  cwd: string;
}

export interface FoundCatalog {
  /** Absolute. */
  dir: string;
  /** Absolute: a catalog without host profiles goes with those of the next place that has some. */
  hostsDir: string;
  /** Which catalog it is and why, in one line; null where the operator named it. */
  line: string | null;
}

interface Place {
  dir: string;
  why: string;
}

/**
 * Chooses the catalog: `--catalog` → `CALIB_CATALOG` → `calib/` of the checkout → the original's skill folder in it → the
 * shipped one. Of the checkout's only folders that hold a model count. Empty values count as absent; that a named folder is
 * a catalog is not decided here.
 */
export async function findCatalog(request: CatalogRequest): Promise<FoundCatalog> {
  const { flag, env, repoRoot, cwd } = request;
  const stated: Place[] = [
    { dir: flag ?? '', why: '--catalog' },
    { dir: env['CALIB_CATALOG'] ?? '', why: 'CALIB_CATALOG' },
  ]
    .filter(({ dir }) => dir !== '')
    .map(({ dir, why }) => ({ dir: resolve(cwd, dir), why }));
  const inRepository = (repoRoot === null ? [] : repositoryFolders).map((folder) => ({
    dir: join(repoRoot ?? '', folder),
    why: 'in the checkout',
  }));
  const withModels: Place[] = [];
  for (const place of inRepository) if (await hasModels(place.dir)) withModels.push(place);
  const places = [...stated, ...withModels, { dir: shippedCatalogDir(), why: 'shipped with calib' }];
  const [chosen = { dir: shippedCatalogDir(), why: 'shipped with calib' }] = places;
  const hosts = places.find(({ dir }) => existsSync(join(dir, 'hosts'))) ?? chosen;
  const from = hosts.dir === chosen.dir ? '' : `; hosts: ${join(hosts.dir, 'hosts')} (${hosts.why})`;
  return {
    dir: chosen.dir,
    hostsDir: join(hosts.dir, 'hosts'),
    line: stated.length > 0 ? null : `catalog: ${chosen.dir} (${chosen.why})${from}`,
  };
}

async function hasModels(dir: string): Promise<boolean> {
  const models = join(dir, 'models');
  const names = await readdir(models).catch(() => []);
  return names.some((name) => existsSync(join(models, name, 'config.yaml')));
}
