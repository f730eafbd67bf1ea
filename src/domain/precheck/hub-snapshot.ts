export type HubKind = 'model' | 'dataset';

/** What lies in the cache folder of one hub repository, read without the hub library (spec 04 §5). */
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

/** Why a repository does not count as cached, null when it does (spec 04 §4–5, the stricter rule). */
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
