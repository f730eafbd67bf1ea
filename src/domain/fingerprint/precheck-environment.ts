import { z } from 'zod';

import { parseVersion } from '../python-packages/version.ts';
import { environmentFacts, type EnvironmentFacts } from './environment.ts';

const text = z.string().min(1).nullish().catch(null);
const gpu = z.object({
  index: z.number(),
  name: z.string(),
  uuid: z.string(),
  memory_total_mib: z.number(),
});

const asset = z.object({ id: z.string(), kind: z.string(), required: z.boolean(), revision: text });

/** The parts of `precheck.json` that tell something of the environment; a field of another type is not known. */
const precheckSchema = z.looseObject({
  versions: z.record(z.string(), z.string().nullable().catch(null)),
  gpu_summary: text,
  gpus: z.array(gpu).nullish().catch(null),
  driver: text,
  cuda: text,
  python: text,
  assets: z.array(asset).nullish().catch(null),
  git: z.looseObject({ sha: text }).nullish().catch(null),
  runtime: z.looseObject({ hostname: text }).nullish().catch(null),
  ok: z.boolean().nullish().catch(null),
  skipped: z.boolean().nullish().catch(null),
});

export interface PrecheckEnvironment {
  facts: EnvironmentFacts;
  /** False where the gate did not pass or was skipped: nothing was measured in what it saw. */
  passed: boolean;
}

/**
 * What a `precheck.json` tells of the environment, calib's or the original tool's, which knows two versions
 * and the GPUs' names only. Null when the document is none.
 */
export function precheckEnvironment(document: unknown): PrecheckEnvironment | null {
  const parsed = precheckSchema.safeParse(document);
  if (!parsed.success) return null;
  const { versions, gpu_summary: summary, driver, cuda, python, git, runtime, ok, skipped } = parsed.data;
  const gpus = parsed.data.gpus ?? [];
  const facts = environmentFacts({
    ...(gpus.length > 0 ? gpuFacts(gpus) : { gpu_models: summaryModels(summary ?? '') }),
    driver: driver ?? null,
    cuda: cuda ?? null,
    python: python ?? null,
    packages: knownVersions(versions),
    revisions: hubRevisions(parsed.data.assets?.filter(({ required }) => required) ?? []),
    hostname: runtime?.hostname ?? null,
    git_sha: git?.sha ?? null,
  });
  return { facts, passed: ok !== false && skipped !== true };
}

function gpuFacts(gpus: z.infer<typeof gpu>[]): Partial<EnvironmentFacts> {
  return {
    ...gpuKinds(gpus.map(({ name, memory_total_mib }) => ({ name, memory_mib: memory_total_mib }))),
    gpus: gpus.map(({ index, name, memory_total_mib, uuid }) => ({
      index,
      name,
      memory_mib: memory_total_mib,
      uuid,
    })),
  };
}

/** Names and memory sizes, each once and sorted. */
export function gpuKinds(
  gpus: readonly { name: string; memory_mib: number }[],
): Pick<EnvironmentFacts, 'gpu_models' | 'gpu_memory_mib'> {
  return {
    gpu_models: [...new Set(gpus.map(({ name }) => name))].sort(),
    gpu_memory_mib: [...new Set(gpus.map(({ memory_mib }) => memory_mib))].sort((a, b) => a - b),
  };
}

/** `model acme/m` → commit, of those whose commit is known; null when none is. */
export function hubRevisions(
  assets: readonly { id: string; kind: string; revision?: string | null | undefined }[],
): EnvironmentFacts['revisions'] {
  const known = assets.flatMap(({ id, kind, revision }) => (revision ? [[`${kind} ${id}`, revision]] : []));
  return known.length === 0 ? null : Object.fromEntries(known);
}

/** Names in `2× NVIDIA H20 + 1× NVIDIA L40`; null for `unknown`. */
function summaryModels(summary: string): string[] | null {
  const names = summary.split(' + ').flatMap((part) => /^\d+\s*[×x]\s*(.+)$/.exec(part.trim())?.[1] ?? []);
  return names.length === 0 ? null : [...new Set(names)].sort();
}

/** The original took whatever a package printed for its version; only what is one counts. */
function knownVersions(versions: Record<string, string | null>): EnvironmentFacts['packages'] {
  const known = Object.entries(versions).filter(
    ([, value]) => value !== null && parseVersion(value) !== null,
  );
  return known.length === 0 ? null : Object.fromEntries(known);
}
