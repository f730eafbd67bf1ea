import { readdir, readFile, stat } from 'node:fs/promises';
import { join, posix } from 'node:path';

import {
  type AssetFact,
  hubFolderName,
  type HubKind,
  type HubListing,
  judgeAssets,
  snapshotProblem,
} from '../../domain/precheck/assets.ts';
import type { CheckResult } from '../../domain/precheck/checks.ts';
import { judgeSpeakerSim, type SpeakerSimFacts, speakerSimFiles } from '../../domain/precheck/speaker-sim.ts';
import { isFolder } from '../run-directory/files.ts';
import { childEnvironment, type PrecheckRequest } from './precheck-request.ts';

export interface HubPlace {
  /** Absolute folder with `models--…` and `datasets--…`. */
  dir: string;
  /** The setting that led there, `HF_HOME=/x`. */
  setting: string;
}

/** Where the hub library looks with a given environment: `HF_HUB_CACHE`, `HF_HOME`, then the user's cache. */
export function hubPlace(env: Readonly<Record<string, string>>): HubPlace {
  const { HF_HUB_CACHE: cache, HF_HOME: home, XDG_CACHE_HOME: xdg, HOME: user = '' } = env;
  if (cache) {
    return { dir: cache, setting: `HF_HUB_CACHE=${cache}` };
  }
  if (home) {
    return { dir: join(home, 'hub'), setting: `HF_HOME=${home}` };
  }
  const base = xdg || join(user, '.cache');
  return { dir: join(base, 'huggingface', 'hub'), setting: 'HF_HOME is not set' };
}

/** Lists what the cache holds of one repository, without the hub library and without the network. */
export async function listHubRepository(hubDir: string, kind: HubKind, id: string): Promise<HubListing> {
  const folder = join(hubDir, hubFolderName(kind, id));
  const [present, revision, unfinished] = await Promise.all([
    isFolder(folder),
    readDefaultRevision(hubDir, kind, id),
    listUnfinished(join(folder, 'blobs')),
  ]);
  const snapshot = revision === null ? null : join(folder, 'snapshots', revision);
  const files = snapshot !== null && (await isFolder(snapshot)) ? await listFiles(snapshot, '') : null;
  return {
    present,
    revision,
    files,
    incomplete: unfinished.map(({ path }) => path),
    incompleteAgeSeconds:
      unfinished.length === 0 ? null : Math.min(...unfinished.map(({ ageSeconds }) => ageSeconds)),
    weightMaps: snapshot === null || files === null ? {} : await readWeightMaps(snapshot, Object.keys(files)),
  };
}

/** Commit of the revision that the hub library loads when none is named; null where the cache does not say. */
export async function readDefaultRevision(hubDir: string, kind: HubKind, id: string): Promise<string | null> {
  return await readFile(join(hubDir, hubFolderName(kind, id), 'refs', 'main'), 'utf8').then(
    (text) => text.trim() || null,
    () => null,
  );
}

async function listUnfinished(blobs: string): Promise<{ path: string; ageSeconds: number }[]> {
  const names = (await readdir(blobs).catch(() => [])).filter((name) => name.endsWith('.incomplete'));
  const found = await Promise.all(
    names.sort().map(async (name) => {
      const path = join(blobs, name);
      // One that is gone by now has just been finished.
      const stats = await stat(path).catch(() => null);
      const ageMs = stats === null ? null : Date.now() - stats.mtimeMs;
      return ageMs === null ? [] : [{ path, ageSeconds: Math.max(0, Math.round(ageMs / 1000)) }];
    }),
  );
  return found.flat();
}

/** Sizes by path relative to the snapshot, links followed; null where a link leads nowhere. */
async function listFiles(root: string, folder: string): Promise<Record<string, number | null>> {
  const entries = await readdir(join(root, folder), { withFileTypes: true });
  const found = await Promise.all(
    entries.map(async (entry): Promise<Record<string, number | null>> => {
      const path = posix.join(folder, entry.name);
      if (entry.isDirectory()) {
        return await listFiles(root, path);
      }
      const stats = await stat(join(root, path)).catch(() => null);
      return stats?.isDirectory() ? {} : { [path]: stats?.size ?? null };
    }),
  );
  return Object.assign({}, ...found);
}

async function readWeightMaps(
  snapshot: string,
  paths: readonly string[],
): Promise<Record<string, string[] | null>> {
  const indexes = paths.filter((path) => path.endsWith('.index.json'));
  const maps = await Promise.all(
    indexes.map(
      async (index) => [index, await readShards(join(snapshot, index), posix.dirname(index))] as const,
    ),
  );
  return Object.fromEntries(maps.filter(([, shards]) => shards === null || shards.length > 0));
}

/** Shards relative to the snapshot; none for an index without a weight map, null for one that cannot be read. */
async function readShards(file: string, folder: string): Promise<string[] | null> {
  try {
    const index: unknown = JSON.parse(await readFile(file, 'utf8'));
    const map: unknown =
      typeof index === 'object' && index !== null ? Reflect.get(index, 'weight_map') : undefined;
    const names = typeof map === 'object' && map !== null ? Object.values(map) : [];
    const shards = names.filter((name): name is string => typeof name === 'string');
    return [...new Set(shards)].sort().map((name) => posix.join(folder, name));
  } catch {
    return null;
  }
}

/** What lies in a speaker-similarity folder; the bootstrap itself is never started. */
export async function readSpeakerSim(dir: string): Promise<SpeakerSimFacts> {
  const [marker, ...sizes] = await Promise.all([
    readFile(join(dir, '.complete'), 'utf8').catch(() => null),
    ...speakerSimFiles.map((name) =>
      stat(join(dir, name)).then(
        (stats) => (stats.isFile() ? stats.size : null),
        () => null,
      ),
    ),
  ]);
  return {
    dir,
    marker,
    sizes: { 'wavlm_large.pt': sizes[0] ?? null, 'wavlm_large_finetune.pth': sizes[1] ?? null },
  };
}

export interface CheckedAssets {
  result: CheckResult;
  assets: AssetFact[];
}

/** Models and datasets in the hub cache, all looked up at once. */
export async function checkAssets(request: PrecheckRequest): Promise<CheckedAssets> {
  const { requirements } = request;
  const { models, datasets, host, environment } = requirements;
  const env = childEnvironment(request);
  const { dir, setting } = hubPlace(env);
  const wanted: [HubKind, boolean, string[]][] = [
    ['model', true, models.required],
    ['dataset', true, datasets.required],
    ['model', false, models.optional],
    ['dataset', false, datasets.optional],
  ];
  const assets = await Promise.all(
    wanted.flatMap(([kind, required, ids]) =>
      ids.map(async (id): Promise<AssetFact> => {
        const listing = await listHubRepository(dir, kind, id);
        const problem = snapshotProblem(kind, listing);
        const { revision, incomplete: unfinished } = listing;
        return { id, kind, required, cached: problem === null, revision, problem, unfinished };
      }),
    ),
  );
  const source = environment.find(({ name }) => setting.startsWith(`${name}=`))?.source;
  const result = judgeAssets({
    scope: requirements.scope,
    assets,
    unlistedDatasets: requirements.unlisted_datasets,
    hubDir: dir,
    hubSetting: source === undefined ? setting : `${setting} from ${source}`,
    hostName: host?.name ?? null,
    hfHome: env['HF_HOME'] ?? null,
    endpoint: env['HF_ENDPOINT'] ?? null,
    hfTokenSet: hasHfToken(request.env),
  });
  return { result, assets };
}

/** The WavLM assets, where `SEEDTTS_SIM_CACHE_DIR` says. */
export async function checkSpeakerSim(request: PrecheckRequest): Promise<CheckResult> {
  const { requirements, repoRoot, venvPython, env } = request;
  const dir = childEnvironment(request)['SEEDTTS_SIM_CACHE_DIR'];
  return judgeSpeakerSim({
    asked: requirements.speaker_sim,
    facts: dir ? await readSpeakerSim(dir) : null,
    repoRoot,
    venvPython,
    hostFile: requirements.host?.file ?? null,
    hfTokenSet: hasHfToken(env),
  });
}

/** Whether a token is there; its value is nobody's business. */
export function hasHfToken(env: NodeJS.ProcessEnv): boolean {
  return Boolean(env['HF_TOKEN'] || env['HUGGING_FACE_HUB_TOKEN']);
}
