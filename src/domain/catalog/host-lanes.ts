import { z } from 'zod';

import { parseCpuList } from '../lanes/cpu-list.ts';
import type { Lane } from '../lanes/lane.ts';
import type { CatalogProblem } from './catalog-document.ts';
import { absolutePath } from './schema-parts.ts';

const gpuIndexPhrase = { error: 'a GPU index as nvidia-smi shows it, 0 or more' };
const gpuListPhrase = { error: 'a list of GPU indices such as [0, 1]' };
const cpuListPhrase = { error: 'a CPU list such as "2-15,66-79"' };

const hostLaneSchema = z.strictObject(
  {
    /** `lane0`, `lane1`, … by position when absent. */
    name: z
      .string({ error: 'a short name' })
      .regex(/^[A-Za-z][A-Za-z0-9_.-]*$/, {
        error: 'a name of letters, digits, _, . and - that begins with a letter',
      })
      .optional(),
    gpus: z.array(z.int(gpuIndexPhrase).min(0, gpuIndexPhrase), gpuListPhrase),
    cpus: z
      .string(cpuListPhrase)
      .refine((text) => parseCpuList(text) !== null, cpuListPhrase)
      .optional(),
    cache_root: absolutePath.optional(),
  },
  { error: 'a map with gpus and, where wanted, cpus, cache_root and name' },
);

/** `lanes` of a host profile (spec 07 §6): on each of them one repeat runs at a time. */
export const hostLanesSchema = z
  .array(hostLaneSchema, { error: 'a list of lanes' })
  .min(1, { error: 'a list of at least one lane; leave the key out for one lane on any free GPUs' });
type HostLanes = z.infer<typeof hostLanesSchema>;

/** The lanes of a profile, each with its name; none when it declares none. */
export function lanesOf({ lanes = [] }: { lanes?: HostLanes | undefined }): Lane[] {
  return lanes.map(({ name, gpus, cpus, cache_root }, index) => ({
    name: name ?? `lane${index}`,
    gpus: gpus.toSorted((a, b) => a - b),
    ...(cpus === undefined ? {} : { cpus }),
    ...(cache_root === undefined ? {} : { cache_root }),
  }));
}

/** What two lanes share although each must have it alone, and GPUs that the machine does not have. */
export function laneProblems(profile: {
  lanes?: HostLanes | undefined;
  gpu_count?: number | undefined;
}): CatalogProblem[] {
  const problems: CatalogProblem[] = [];
  const owners = new Map<string, string>();
  const claim = (thing: string, lane: string, path: (string | number)[], what: string): void => {
    const owner = owners.get(thing);
    if (owner === undefined) owners.set(thing, lane);
    else problems.push({ path: ['lanes', ...path], valid: `${what}; ${thing} is ${owner}'s already` });
  };
  for (const [index, lane] of lanesOf(profile).entries()) {
    const { name, gpus, cpus, cache_root } = lane;
    claim(`the name ${name}`, `lane ${index}`, [index], 'a name of its own');
    for (const gpu of gpus) {
      claim(`GPU ${gpu}`, name, [index, 'gpus'], 'GPUs that no other lane has');
      if (profile.gpu_count !== undefined && gpu >= profile.gpu_count) {
        const valid = `indices below gpu_count, which is ${profile.gpu_count}`;
        problems.push({ path: ['lanes', index, 'gpus'], valid });
      }
    }
    const shared = (parseCpuList(cpus ?? '') ?? []).find((cpu) => owners.has(`CPU ${cpu}`));
    for (const cpu of parseCpuList(cpus ?? '') ?? []) {
      if (shared === undefined || cpu === shared) {
        claim(`CPU ${cpu}`, name, [index, 'cpus'], 'CPUs that no other lane has');
      }
    }
    if (cache_root !== undefined) {
      claim(`the folder ${cache_root}`, name, [index, 'cache_root'], 'a folder that no other lane has');
    }
  }
  return problems;
}
