import { join, resolve } from 'node:path';

import { type Command, Option } from 'commander';

import { CalibError } from '../../../domain/calib-error.ts';
import { cleanupCommand } from '../../../domain/catalog/cleanup-command.ts';
import { buildCatalogEnvironment, environmentRecord } from '../../../domain/catalog/environment.ts';
import { gpuScope } from '../../../domain/catalog/gpu-scope.ts';
import { lanesOf } from '../../../domain/catalog/host-profile.ts';
import type { Lane } from '../../../domain/lanes/lanes.ts';
import { counted } from '../../../domain/text.ts';
import type { LoadedHost } from '../../../host/catalog/open-catalog.ts';
import { machineName } from '../../../host/machine-name.ts';
import type { MemberBasis, PoolMember } from '../../../worker/run-worker.ts';
import { addSharedOptions, type CliContext } from '../../options.ts';
import { parseCount, parseGpuList } from '../../output.ts';

/** What `up` and `worker` are told about the host that they work for. */
export interface WorkerHostOptions {
  gpus?: number[];
  lanes?: number;
  runRoot?: string;
}

/** Declares the options that `readWorkerHost` (worker-host.ts) takes. */
export function addWorkerHostOptions(command: Command): Command {
  command
    .option('--gpus <list>', 'GPU indices this host may use, as in 0,1 (default: all)', parseGpuList)
    .option(
      '--lanes <n>',
      'repeats that run at the same time (default: the lanes that the host profile declares, else 1)',
      parseCount,
    )
    .addOption(
      new Option(
        '--run-root <dir>',
        "folder for what this host runs for other hosts of its pool (default: the checkout's .tune-runs)",
      ),
    );
  return addSharedOptions(command, ['catalog', 'host', 'repo-root', 'venv-python', 'json']);
}

/** The part of a worker's options that follows from the host's profile and the command line. */
export interface WorkerHost {
  hostname: string;
  gpus: number[] | null;
  /** Repeats at a time. */
  lanes: number;
  /** Null where the host stands alone. */
  member: PoolMember | null;
  /** One line: what was taken, and from where. */
  summary: string;
}

/**
 * The host that a worker works for, by the profile that is chosen as everywhere; none is fine.
 *
 * @throws CalibError for a profile that cannot be read, or that names a pool where there is no checkout
 */
export async function readWorkerHost(context: CliContext, options: WorkerHostOptions): Promise<WorkerHost> {
  const hostname = machineName(process.env);
  const { host, source } = await context.host();
  const declared = lanesOf(host?.profile ?? {}, gpuScope(process.env)).length;
  const lanes = options.lanes ?? (declared || 1);
  const limits = { lanes, gpus: options.gpus ?? null };
  const member = await readMember(context, host?.profile.pool, { ...limits, runRoot: options.runRoot });
  const summary = [
    host === null ? 'no host profile' : `host profile ${host.name} (${chosenBy[source]})`,
    `${counted(lanes, 'repeat')} at a time${declared > 0 ? ` (${counted(declared, 'lane')} declared)` : ''}`,
    ...(member === null
      ? []
      : [`pool ${member.pool} as ${hostname}, other hosts' sessions in ${member.runRoot}`]),
  ].join('; ');
  return { hostname, ...limits, member, summary };
}

const chosenBy = {
  flag: '--host',
  env: 'TUNE_HOST',
  hostname: "this machine's name",
  disabled: '--no-host',
  none: 'none',
} as const;

/** What the worker may take of what the profile declares. */
interface Limits {
  lanes: number;
  gpus: number[] | null;
}

async function readMember(
  context: CliContext,
  pool: string | undefined,
  { runRoot, ...limits }: Limits & { runRoot: string | undefined },
): Promise<PoolMember | null> {
  if (pool === undefined) return null;
  // Asked for in any case: without a checkout this host could do nothing for the others.
  const repoRoot = (await context.repoRoot()).path;
  return {
    pool,
    runRoot: resolve(runRoot ?? join(repoRoot, '.tune-runs')),
    resolve: memberBasis(context, pool, limits),
  };
}

/** Resolves a model on this host, from files as they are at each call. */
function memberBasis(context: CliContext, pool: string, limits: Limits): PoolMember['resolve'] {
  return async (model) => {
    // A context of its own: what one has read it keeps.
    const now = context.withModel(model);
    const [{ host }, { config }, catalog] = await Promise.all([now.host(), now.model(), now.catalog()]);
    if (host?.profile.pool !== pool) {
      const what = host === null ? 'no host profile is active' : `${host.file} does not name pool ${pool}`;
      throw new CalibError('invalid-input', `${what} any more`, {
        remedy: 'start the worker of this host again',
      });
    }
    const venv = await now.venv();
    const cleanup = cleanupCommand(host.profile.cleanup_script);
    const basis: MemberBasis = {
      host: host.name,
      repo_root: (await now.repoRoot()).path,
      venv_python: venv.python,
      venv_source: venv.source,
      catalog_dir: catalog.dir,
      stages_yaml: catalog.stagesPath(model),
      environment: environmentRecord(buildCatalogEnvironment(config, host.profile)),
      cleanup_script: cleanup.script,
      ...(cleanup.args.length === 0 ? {} : { cleanup_args: cleanup.args }),
      lanes: usableLanes(host, limits),
      gpu_count: host.profile.gpu_count ?? null,
    };
    return basis;
  };
}

/**
 * The declared lanes that this worker can run at a time: a repeat for one more would wait until the session takes the
 * host for gone.
 *
 * @throws CalibError when all of them have GPUs that the worker may not use
 */
function usableLanes({ file, profile }: LoadedHost, { lanes, gpus }: Limits): Lane[] {
  const declared = lanesOf(profile, gpuScope(process.env));
  const usable = declared.filter((lane) => gpus === null || lane.gpus.every((gpu) => gpus.includes(gpu)));
  if (usable.length > 0 || declared.length === 0) return usable.slice(0, lanes);
  throw new CalibError('invalid-input', `${file}: every lane has GPUs that --gpus leaves out`, {
    remedy: 'start the worker of this host with the GPUs of a lane, or without --gpus',
  });
}
