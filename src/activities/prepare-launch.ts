import { constants } from 'node:fs';
import { access, mkdir, rename, rm, symlink } from 'node:fs/promises';
import { basename, dirname } from 'node:path';

import type { Lane } from '../domain/lanes/lane.ts';
import { configLines, usingLaneLine } from '../domain/observation/milestones.ts';
import type { LaunchSpec } from '../host/process/launch-supervised.ts';
import { affinityPrefix } from '../host/process/cpu-affinity.ts';
import { laneCaches } from '../host/pytest/build-environment.ts';
import { buildPytestCommand } from '../host/pytest/build-command.ts';
import { readTestContext } from '../host/pytest/read-test-context.ts';
import { sessionCacheRoots, wipeJitCache } from '../host/pytest/wipe-jit-cache.ts';
import { runPaths } from '../host/run-directory/paths.ts';
import { launchEnvironment } from './launch-environment.ts';
import { holderOf } from './open-lane.ts';
import { type Launch, type Repeat, logLines } from './repeat.ts';

/** A launch that is ready to go, and what the operator should know about its making. */
export interface PreparedLaunch {
  spec: LaunchSpec;
  notes: string[];
}

/** What a launch needs to know of its lane. */
export interface PreparedLane {
  gpus: readonly number[];
  runNames: readonly string[];
  declared: Lane | null;
}

/**
 * Makes room for a launch: an empty base temp, a cold JIT cache (spec 05 §7), command and environment. May be called
 * again for the same launch.
 *
 * @throws CalibError when an argument or variable is forbidden; the file system's error when it refuses.
 */
export async function prepareLaunch(
  repeat: Repeat,
  launch: Omit<Launch, 'lane'>,
  lane: PreparedLane,
): Promise<PreparedLaunch> {
  const { place, files, unit, timing } = repeat;
  const baseTemp = runPaths.baseTemp(place.runDir, place.namespace, place.repeat);
  const cacheRoot = lane.declared?.cache_root;
  const env = launchEnvironment(repeat, { mark: launch.mark, gpuIndices: lane.gpus, cacheRoot });
  const command = buildPytestCommand({
    venvPython: files.plan.venv_python,
    test: unit.test,
    baseTemp,
    extraArgs: unit.pytest_args,
  });
  const argv = [...(await binding(lane.declared, files.plan.venv_python)), ...command];
  await rm(baseTemp, { recursive: true, force: true });
  await mkdir(dirname(baseTemp), { recursive: true, mode: 0o700 });
  await mkdir(launch.launchDir, { recursive: true, mode: 0o700 });
  await pointToLog(repeat, launch);
  if (cacheRoot !== undefined) {
    for (const folder of Object.values(laneCaches(cacheRoot)))
      await mkdir(folder, { recursive: true, mode: 0o700 });
  }
  const notes = await wipeCaches(repeat, { env, cacheRoot });
  const spec: LaunchSpec = {
    launchDir: launch.launchDir,
    token: launch.mark.token,
    argv,
    cwd: files.plan.repo_root,
    env,
    logPath: launch.logPath,
    graceMs: timing.graceMs,
    leaseNames: [...repeat.runNames, ...lane.runNames],
    leaseHolder: `${holderOf(repeat)}, attempt ${launch.attempt}`,
  };
  return { spec, notes };
}

/** The banner of a repeat in `run.log` (spec 05 §11). */
export async function announceRepeat(repeat: Repeat): Promise<void> {
  const { label, stages, files, unit } = repeat;
  const context = await readTestContext(files.plan.repo_root, unit.test);
  await logLines(repeat, ...configLines(label, stages, context));
}

/** What `run.log` says when pytest is about to start. */
export async function announceLaunch(repeat: Repeat, launch: Launch): Promise<void> {
  const { lane, gpus, notes } = launch.lane;
  await logLines(
    repeat,
    usingLaneLine(repeat.label, { name: lane, gpus, attempt: launch.attempt }),
    ...notes.map((note) => `  ⚠ ${note}`),
  );
}

/** `run{k}.log` names the log of the last attempt. */
async function pointToLog({ place }: Repeat, { logPath }: Omit<Launch, 'lane'>): Promise<void> {
  const link = runPaths.log(place.runDir, place.namespace, place.repeat);
  const fresh = `${link}.${process.pid}.tmp`;
  await rm(fresh, { force: true });
  await symlink(basename(logPath), fresh);
  await rename(fresh, link);
}

/** What binds the launch to its lane's CPUs; nothing where the interpreter is missing, so that its own absence is told. */
async function binding(lane: Lane | null, python: string): Promise<string[]> {
  if (lane?.cpus === undefined) return [];
  const prefix = await affinityPrefix(lane.cpus, lane.name);
  const startable = await access(python, constants.X_OK).then(
    () => true,
    () => false,
  );
  return startable ? prefix : [];
}

async function wipeCaches(
  { files }: Repeat,
  { env, cacheRoot }: { env: Record<string, string>; cacheRoot: string | undefined },
): Promise<string[]> {
  const roots = sessionCacheRoots(files.plan.environment ?? {});
  const sessionRoots = cacheRoot === undefined ? roots : [...roots, cacheRoot];
  const wipes = await wipeJitCache({ env, sessionRoots });
  return wipes.flatMap((wipe) =>
    'reason' in wipe ? [`JIT cache ${wipe.path} was not wiped: ${wipe.reason}`] : [],
  );
}
