import { checkResult, type CheckResult, type Gap } from './checks.ts';
import type { PrecheckRequirements } from './requirements.ts';
import { shellWord } from './shell-word.ts';

export type HubKind = 'model' | 'dataset';

/** What lies in the cache folder of one hub repository, read without the hub library. */
export interface HubListing {
  /** Whether `models--org--name` exists at all. */
  present: boolean;
  /** Content of `refs/main`, the commit of the default revision; null without one. */
  revision: string | null;
  /** Files of that snapshot by relative path; size in bytes, null for a link that does not resolve. Null: no snapshot. */
  files: Record<string, number | null> | null;
  /** Absolute paths of `blobs/*.incomplete`. */
  incomplete: string[];
  /** Seconds since one of them was last written; null without any. */
  incompleteAgeSeconds: number | null;
  /** Shards by `*.index.json` (both relative to the snapshot); null for an index that cannot be read. */
  weightMaps: Record<string, string[] | null>;
}

/** A download that writes nothing for longer than this has ended. */
const activeSeconds = 120;

/** Folder of a repository below the hub cache. */
export function hubFolderName(kind: HubKind, id: string): string {
  return `${kind}s--${id.replaceAll('/', '--')}`;
}

/** Why a repository does not count as cached, null when it does. */
export function snapshotProblem(kind: HubKind, listing: HubListing): string | null {
  const { present, revision, files, incomplete } = listing;
  if (!present) {
    return 'not in the cache';
  }
  if (incomplete.length > 0) {
    const age = listing.incompleteAgeSeconds ?? Infinity;
    const running = age < activeSeconds ? `, written ${age} s ago: let the download that runs finish` : '';
    return `${incomplete.length} unfinished download(s), ${incomplete[0] ?? ''}${running}`;
  }
  if (revision === null) {
    return 'no refs/main, so the default revision is unknown';
  }
  if (files === null) {
    return `no snapshot of revision ${revision.slice(0, 8)}`;
  }
  const paths = Object.keys(files).sort();
  const broken = paths.find((path) => files[path] === null);
  if (broken !== undefined) {
    return `${broken} is a link that leads nowhere`;
  }
  if (paths.length === 0) {
    return 'the snapshot is empty';
  }
  return kind === 'model' ? weightsProblem(paths, listing) : null;
}

function weightsProblem(paths: string[], { files, weightMaps }: HubListing): string | null {
  const weights = paths.filter((path) => /\.(safetensors|bin)$/.test(path));
  if (weights.length === 0) {
    return 'the snapshot has no .safetensors or .bin file';
  }
  for (const [index, shards] of Object.entries(weightMaps)) {
    if (shards === null) {
      return `${index} cannot be read`;
    }
    const missing = shards.filter((shard) => !files?.[shard]);
    if (missing.length > 0) {
      return `${missing.length} of ${shards.length} shards of ${index} missing or empty: ${missing[0] ?? ''}`;
    }
  }
  return unlistedShardProblem(weights);
}

/** Shards without an index still say how many there are: `model-00001-of-00015.safetensors`. */
function unlistedShardProblem(weights: string[]): string | null {
  const found = new Map<string, { total: number; numbers: Set<number> }>();
  for (const path of weights) {
    const match = /^(.*)-(\d+)-of-(\d+)\.(\w+)$/.exec(path);
    if (match !== null) {
      const [, stem = '', number = '', total = '', extension = ''] = match;
      const key = `${stem}-*-of-${total}.${extension}`;
      const series = found.get(key) ?? { total: Number(total), numbers: new Set<number>() };
      series.numbers.add(Number(number));
      found.set(key, series);
    }
  }
  for (const [name, { total, numbers }] of found) {
    if (numbers.size < total) {
      return `${numbers.size} of ${total} shards of ${name}`;
    }
  }
  return null;
}

/** One hub repository as `precheck.json` has it. */
export interface AssetFact {
  id: string;
  kind: HubKind;
  required: boolean;
  cached: boolean;
  /** Commit of the default revision in the cache, null where there is none. */
  revision: string | null;
  /** Why it does not count as cached. */
  problem: string | null;
  /** Absolute paths of unfinished downloads. */
  unfinished: string[];
}

export interface AssetsQuestion {
  scope: PrecheckRequirements['scope'];
  /** Models first, required ones first. */
  assets: readonly AssetFact[];
  /** Datasets that tests ask for and the config does not list. */
  unlistedDatasets: readonly string[];
  /** Absolute folder that was searched. */
  hubDir: string;
  /** The setting that led there, such as `HF_HOME=/x (host)`. */
  hubSetting: string;
  /** Null where no profile is active. */
  hostName: string | null;
  /** `HF_HOME` of the environment, null where the library's default counts. */
  hfHome: string | null;
  /** Effective `HF_ENDPOINT`, null for the hub's own. */
  endpoint: string | null;
  hfTokenSet: boolean;
}

const mainEndpoint = 'https://huggingface.co';

/** Whether the models and datasets that a run needs are in the hub cache. */
export function judgeAssets(question: AssetsQuestion): CheckResult {
  const { assets, unlistedDatasets } = question;
  const required = assets.filter((asset) => asset.required);
  const missing = required.filter(({ cached }) => !cached);
  if (required.length === 0) {
    const lines = ['assets: no model or dataset of a hub needed', ...optionalLines(assets)];
    return checkResult({ id: 'assets', lines, applies: false });
  }
  const datasets = required.filter(({ kind }) => kind === 'dataset').length;
  const headline =
    question.scope === 'configured'
      ? 'assets (all datasets):'
      : `assets (required for selected stages, ${datasets} dataset(s)):`;
  const note =
    unlistedDatasets.length === 0
      ? []
      : [
          `note: test(s) reference repo(s) not listed in config.yaml hf_datasets: [${unlistedDatasets.join(', ')}]`,
        ];
  return checkResult({
    id: 'assets',
    lines: [headline, ...required.map((asset) => assetLine(asset, '✗')), ...note, ...optionalLines(assets)],
    errors: missing.length === 0 ? [] : [missingGap(question, missing)],
  });
}

function assetLine({ kind, id, cached, revision, problem }: AssetFact, gapMark: '✗' | '·'): string {
  const detail = cached ? `revision ${revision?.slice(0, 8) ?? '?'}` : (problem ?? 'not cached');
  return `${cached ? '✓' : gapMark} ${kind}: ${id} (${detail})`;
}

function optionalLines(assets: readonly AssetFact[]): string[] {
  return (['model', 'dataset'] as const).flatMap((kind) => {
    const others = assets.filter((asset) => !asset.required && asset.kind === kind);
    return others.length === 0
      ? []
      : [`other ${kind}s (not needed for this run):`, ...others.map((asset) => assetLine(asset, '·'))];
  });
}

/**
 * One error for all missing repositories, with one command each (no bulk download: each is named and fetched on
 * purpose).
 */
function missingGap(question: AssetsQuestion, missing: readonly AssetFact[]): Gap {
  const { hubDir, hubSetting, hostName, hfTokenSet, endpoint } = question;
  const listed = missing.map(({ kind, id, problem }) => `${kind} ${id} (${problem ?? 'not cached'})`);
  const profile = hostName === null ? 'no host profile is active' : `host profile ${hostName}`;
  const fallback =
    endpoint === null || endpoint.replace(/\/+$/, '') === mainEndpoint
      ? []
      : [`if ${endpoint} does not answer: the same with HF_ENDPOINT=${mainEndpoint}`];
  return {
    message:
      `missing: ${listed.join(', ')}; searched ${hubDir} (${hubSetting}; ${profile}); ` +
      `HF_TOKEN, which private repositories need, is ${hfTokenSet ? '' : 'not '}set here`,
    remedies: [
      ...missing.map((asset) => downloadCommand(asset, question)),
      ...fallback,
      ...missing.flatMap(leftoverCommand),
    ],
  };
}

/** A download that was given up leaves its part for ever, also after another one has succeeded. */
function leftoverCommand({ unfinished }: AssetFact): string[] {
  return unfinished.length === 0
    ? []
    : [`if that leaves it unfinished and no download runs: rm ${unfinished.map(shellWord).join(' ')}`];
}

function downloadCommand({ id, kind }: AssetFact, { endpoint, hfHome }: AssetsQuestion): string {
  const variables = [
    ...(hfHome === null ? [] : [`HF_HOME=${shellWord(hfHome)}`]),
    `HF_ENDPOINT=${shellWord(endpoint ?? mainEndpoint)}`,
  ];
  const type = kind === 'dataset' ? ' --repo-type dataset' : '';
  return `${variables.join(' ')} huggingface-cli download ${shellWord(id)}${type}`;
}
