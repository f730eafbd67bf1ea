import { z } from 'zod';

import { CalibError } from '../calib-error.ts';
import { type Lane, parseCpuList } from '../lanes/lanes.ts';
import { type CatalogDocument, type CatalogProblem, readCatalogDocument } from './catalog-document.ts';
import { reservedVariables } from './names.ts';
import { cleanupCommandProblem } from './cleanup-command.ts';
import {
  absolutePath,
  environmentMap,
  flag,
  gpuCount,
  nonEmptyText,
  seconds,
  text,
  textList,
} from './metric-source.ts';

const gpuIndexPhrase = { error: 'a GPU index as nvidia-smi shows it, 0 or more' };
const gpuListPhrase = { error: 'a list of GPU indices such as [0, 1]' };
const cpuListPhrase = { error: 'a CPU list such as "2-15,66-79"' };
const gpuGroupPhrase = { error: 'GPU indices such as "0,1"' };

const gpuIndex = z.int(gpuIndexPhrase).min(0, gpuIndexPhrase);
const gpuGroup = z.string(gpuGroupPhrase).regex(/^\d{1,4}(?:\s*,\s*\d{1,4}){0,63}$/, gpuGroupPhrase);
const cpuList = z.string(cpuListPhrase).refine((text) => parseCpuList(text) !== null, cpuListPhrase);

const hostLaneSchema = z.strictObject(
  {
    /** `lane0`, `lane1`, … by position when absent. */
    name: z
      .string({ error: 'a short name' })
      .regex(/^[A-Za-z][A-Za-z0-9_.-]*$/, {
        error: 'a name of letters, digits, _, . and - that begins with a letter',
      })
      .optional(),
    gpus: z.array(gpuIndex, gpuListPhrase),
    cpus: cpuList.optional(),
    cache_root: absolutePath.optional(),
  },
  { error: 'a map with gpus and, where wanted, cpus, cache_root and name' },
);

/** `lanes` of a host profile: on each of them one repeat runs at a time. */
export const hostLanesSchema = z
  .array(hostLaneSchema, { error: 'a list of lanes' })
  .min(1, { error: 'a list of at least one lane; leave the key out for one lane on any free GPUs' });

/** The GPU indices that `TUNE_GPU_INCLUDE` and `TUNE_GPU_EXCLUDE` name; null where a variable is not set. */
export interface GpuScope {
  include: readonly number[] | null;
  exclude: readonly number[] | null;
}

type LaneKeys = Partial<Pick<HostProfile, 'lanes' | 'gpu_group_cpusets' | 'gpu_exclude' | 'gpu_count'>>;

/**
 * The lanes of a profile, each with its name; none when it declares none. The original's keys mean lanes as well: one for
 * each group with CPUs of its own, without those that have an excluded GPU; or, where GPUs are only excluded, one lane of
 * the others. Its variables win over the profile.
 *
 * @throws CalibError `invalid-input` when the variables leave no lane
 */
export function lanesOf(profile: LaneKeys, scope: GpuScope = { include: null, exclude: null }): Lane[] {
  const exclude = scope.exclude ?? profile.gpu_exclude ?? [];
  const isUsable = (gpu: number) => !exclude.includes(gpu) && scope.include?.includes(gpu) !== false;
  const declared = declaredLanes(profile);
  const usable = declared.filter(({ gpus }) => gpus.every(isUsable));
  const isStated = scope.include !== null || scope.exclude !== null;
  if (declared.length > 0 && (usable.length > 0 || !isStated)) return usable;
  const known = scope.include ?? Array.from({ length: profile.gpu_count ?? 0 }, (_, index) => index);
  const rest = known.filter(isUsable).toSorted((a, b) => a - b);
  const isLimited = scope.include !== null || exclude.length > 0;
  if (isLimited && declared.length === 0 && rest.length > 0) return [{ name: 'lane0', gpus: rest }];
  if (!isLimited || !isStated) return [];
  throw new CalibError('invalid-input', 'TUNE_GPU_INCLUDE and TUNE_GPU_EXCLUDE leave no lane of this host', {
    remedy: 'let them leave all GPUs of one lane, or give the profile a gpu_count',
  });
}

function declaredLanes({ lanes, gpu_group_cpusets: groups }: LaneKeys): Lane[] {
  const grouped = Object.entries(groups ?? {}).map(([gpus, cpus]) => ({
    gpus: gpus.split(',').map(Number),
    cpus,
    name: undefined,
    cache_root: undefined,
  }));
  return (lanes ?? grouped).map(({ name, gpus, cpus, cache_root }, index) => ({
    name: name ?? `lane${index}`,
    gpus: gpus.toSorted((a, b) => a - b),
    ...(cpus === undefined ? {} : { cpus }),
    ...(cache_root === undefined ? {} : { cache_root }),
  }));
}

/** What two lanes share although each must have it alone, and GPUs that the machine does not have. */
export function laneProblems(profile: LaneKeys): CatalogProblem[] {
  const problems: CatalogProblem[] = exclusionProblems(profile);
  const key = profile.lanes === undefined ? 'gpu_group_cpusets' : 'lanes';
  const owners = new Map<string, string>();
  const claim = (thing: string, lane: string, path: (string | number)[], what: string): void => {
    const owner = owners.get(thing);
    if (owner === undefined) owners.set(thing, lane);
    else
      problems.push({
        path: key === 'lanes' ? [key, ...path] : [key],
        valid: `${what}; ${thing} is ${owner}'s already`,
      });
  };
  for (const [index, lane] of declaredLanes(profile).entries()) {
    const { name, gpus, cpus, cache_root } = lane;
    claim(`the name ${name}`, `lane ${index}`, [index], 'a name of its own');
    for (const gpu of gpus) {
      claim(`GPU ${gpu}`, name, [index, 'gpus'], 'GPUs that no other lane has');
      if (profile.gpu_count !== undefined && gpu >= profile.gpu_count) {
        const valid = `indices below gpu_count, which is ${profile.gpu_count}`;
        problems.push({ path: key === 'lanes' ? [key, index, 'gpus'] : [key], valid });
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

/** An exclusion that leaves nothing, or of which nobody can tell what it leaves, would be ignored without a word. */
function exclusionProblems(profile: LaneKeys): CatalogProblem[] {
  const { gpu_exclude: exclude = [], gpu_count: count } = profile;
  if (exclude.length === 0 || lanesOf(profile).length > 0) return [];
  const declared = declaredLanes(profile).length > 0;
  const valid = declared
    ? 'GPUs that at least one lane does not have'
    : count === undefined
      ? 'together with lanes, gpu_group_cpusets or gpu_count, which say what GPUs are left'
      : 'fewer GPUs than gpu_count';
  return [{ path: ['gpu_exclude'], valid }];
}

const warmCacheSchema = z.strictObject(
  {
    env: environmentMap.default({}),
    /** Where the operator finds the token; never the token itself. */
    hf_token: text.optional(),
    /** Shell lines that download the speaker-similarity assets. Printed, never run by calib. */
    command: text.optional(),
  },
  { error: 'a map with env, hf_token and command' },
);

/** `hosts/<host>.yaml`: v0.6.0's keys, then calib's. Paths are as seen inside the container. */
const cleanupList = { error: 'a list of a program and at most 49 arguments' };

const hostProfileSchema = z.strictObject(
  {
    name: nonEmptyText.optional(),
    /** Equal to the machine's hostname → this profile is picked by itself. */
    hostname: nonEmptyText.optional(),
    repo_root: absolutePath.optional(),
    venv_python: absolutePath.optional(),
    /** Variables of every test on this host; they win over the model's `auto_env`. Recorded, never secrets. */
    env: environmentMap.optional(),
    physical: z
      .strictObject(
        {
          /** Hugging Face home; its `hub/` holds the snapshots. */
          hf_hub: absolutePath.optional(),
          /** WavLM speaker-verification assets. */
          speaker_sim: absolutePath.optional(),
          /** Calibration slice directory. */
          omni_ci_home: absolutePath.optional(),
        },
        { error: 'a map of paths' },
      )
      .default({}),
    /** For people; any shape. */
    precheck_checklist: z.unknown().optional(),
    speaker_similarity_bootstrap: z
      .strictObject({ warm_cache: warmCacheSchema.optional() }, { error: 'a map with warm_cache' })
      .optional(),
    agent_policy: z
      .strictObject(
        {
          /** `report_missing_first`: gaps are reported, never repaired by themselves. */
          env_check: text.optional(),
          /** Longest silence between two progress outputs, seconds. */
          poll_interval_max_s: seconds.optional(),
        },
        { error: 'a map with env_check and poll_interval_max_s' },
      )
      .optional(),
    handoff: z
      .strictObject(
        {
          goal: text.optional(),
          speaker_sim_complete: flag.optional(),
          calibration_started: flag.optional(),
          run_dirs: textList.optional(),
        },
        { error: 'a map with goal, speaker_sim_complete, calibration_started and run_dirs' },
      )
      .optional(),
    /** Machines of one pool may share a session's repeats; absent = the host stands alone. */
    pool: z
      .string({ error: 'a short name' })
      .regex(/^[a-z0-9][a-z0-9-]*$/, { error: 'a short name of a–z, 0–9 and -' })
      .optional(),
    /** Substring of the GPU name that `nvidia-smi` must show; another model is an error. */
    gpu_model: nonEmptyText.optional(),
    /** GPU name, or a part of it → the row of a table of thresholds by device (`device_key: gpu`). */
    device_names: z
      .record(nonEmptyText, nonEmptyText, { error: 'a map from GPU name to the row of a table' })
      .optional(),
    gpu_count: gpuCount.optional(),
    /** A machine that serves calibration only. */
    exclusive: flag.optional(),
    /** The repository's own GPU clean-up, with its arguments; only an exclusive machine may name one. */
    cleanup_script: z
      .union([nonEmptyText, z.array(nonEmptyText).min(1, cleanupList).max(50, cleanupList)], {
        error: 'a program with plain arguments, or a list of a program and its arguments',
      })
      .optional(),
    /** Seconds to wait for free GPUs before an attempt fails. */
    gpu_wait_s: seconds.optional(),
    /** GPU groups on each of which one repeat runs at a time; absent = one lane on any free GPUs, as in CI. */
    lanes: hostLanesSchema.optional(),
    /** GPUs that serve something else: in no lane. */
    gpu_exclude: z.array(gpuIndex, gpuListPhrase).max(1000, gpuListPhrase).optional(),
    /** CPUs by GPU group (`"0,1": "2-15,66-79"`), the original's way of declaring lanes. */
    gpu_group_cpusets: z
      .record(gpuGroup, cpuList, { error: 'a map from GPU indices to a CPU list' })
      .optional(),
  },
  { error: 'a map of settings' },
);
export type HostProfile = z.infer<typeof hostProfileSchema>;

const sourceTextPaths = ['env.*', 'speaker_similarity_bootstrap.warm_cache.env.*'];

/**
 * Reads and validates a host profile.
 *
 * @throws CalibError `invalid-input`, naming file, line, column, key, what was found and what would be valid
 */
export function parseHostProfile(source: { file: string; yaml: string }): CatalogDocument<HostProfile> {
  return readCatalogDocument({
    ...source,
    schema: hostProfileSchema,
    sourceTextPaths,
    check: (profile) => [
      ...cleanupProblems(profile),
      ...laneProblems(profile),
      ...environmentProblems(profile),
    ],
  });
}

/** What calib sets itself, and what the profile says twice. */
function environmentProblems({ env = {}, physical }: HostProfile): CatalogProblem[] {
  const twice = [
    ['HF_HOME', physical.hf_hub, 'hf_hub'],
    ['SEEDTTS_SIM_CACHE_DIR', physical.speaker_sim, 'speaker_sim'],
    ['OMNI_CI_HOME', physical.omni_ci_home, 'omni_ci_home'],
  ] as const;
  return [
    ...reservedVariables(env, 'extra_env').map((name) => ({
      path: ['env', name],
      valid: 'a variable that calib does not set itself for every launch',
    })),
    ...twice.flatMap(([name, stated, key]) =>
      env[name] === undefined || stated === undefined
        ? []
        : [{ path: ['env', name], valid: `nothing, since physical.${key} says it already` }],
    ),
  ];
}

function cleanupProblems({ cleanup_script, exclusive }: HostProfile): CatalogProblem[] {
  if (cleanup_script === undefined) return [];
  const valid =
    exclusive === true
      ? cleanupCommandProblem(cleanup_script)
      : 'only together with exclusive: true, since the script may end foreign processes';
  return valid === null ? [] : [{ path: ['cleanup_script'], valid }];
}
