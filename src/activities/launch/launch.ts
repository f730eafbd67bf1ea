import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { Context } from '@temporalio/activity';

import { CalibError } from '../../domain/calib-error.ts';
import type { Lane } from '../../domain/lanes/lanes.ts';
import { configLines, usingLaneLine } from '../../domain/observation/milestones.ts';
import { jitCachePlaces, jitCacheRemedy } from '../../domain/pytest/jit-cache.ts';
import { settingsRemedy } from '../../domain/pytest/pytest-settings.ts';
import { utcTimestamp } from '../../domain/text.ts';
import { affinityPrefix } from '../../host/process/cpu-affinity.ts';
import { launchFiles, writeLaunchLane } from '../../host/process/launch-files.ts';
import { type LaunchSpec, type LaunchStart, launchSupervised } from '../../host/process/launch.ts';
import { laneCaches } from '../../host/pytest/lane-caches.ts';
import { buildPytestCommand } from '../../host/pytest/launch-command.ts';
import { judgeSettingsOf } from '../../host/pytest/read-pytest-settings.ts';
import { readTestContext } from '../../host/pytest/read-test-context.ts';
import { sessionCacheRoots, wipeJitCache } from '../../host/pytest/wipe-jit-cache.ts';
import { nextAttemptNumber } from '../../host/run-directory/attempt-numbers.ts';
import { runPaths } from '../../host/run-directory/paths.ts';
import { launchMark } from '../repeat/claim-repeat.ts';
import { endOwnProcesses, endStrayProcesses } from '../repeat/end-repeat.ts';
import { endLaunch, followLaunch } from './follow-launch.ts';
import { launchEnvironment } from './launch-environment.ts';
import { noLaunchExtras } from './launch-extras.ts';
import { holderOf, isStillFree, type LaneUse, type OpenLane, openLane } from './open-lane.ts';
import { type Ended, type Launch, logLines, type Repeat, toSeconds, waitReporter } from '../repeat/repeat.ts';

/** A launch that is ready to go, and what the operator should know about its making. */
export interface PreparedLaunch {
  kind: 'ready';
  spec: LaunchSpec;
  notes: string[];
  /** Where this lane alone compiles kernels; null where the environment's own folder serves. */
  jitWorkspace: string | null;
}

/** A launch that would not start as CI does: something in its way that may go by itself or by an operator's hand. */
export interface BlockedLaunch {
  kind: 'blocked';
  reason: string;
}

/** What a launch needs to know of its lane. */
export interface PreparedLane {
  /** As recorded: `<host>/gpu0,1`. */
  name: string;
  gpus: readonly number[];
  runNames: readonly string[];
  declared: Lane | null;
}

/**
 * Makes room for a launch: an empty base temp, a cold JIT cache where the model wants one, command and environment. May
 * be called again for the same launch.
 *
 * @throws CalibError when an argument or variable is forbidden; the file system's error when it refuses.
 */
export async function prepareLaunch(
  repeat: Repeat,
  launch: Omit<Launch, 'lane'>,
  lane: PreparedLane,
): Promise<PreparedLaunch | BlockedLaunch> {
  const { place, files, unit, timing } = repeat;
  const baseTemp = runPaths.baseTemp(place.runDir, place.namespace, place.repeat);
  const caches = cachesOf(repeat, lane);
  const extras = (repeat.deps.launchExtras ?? noLaunchExtras)({
    purpose: repeat.purpose,
    baseTemp,
    launchDir: launch.launchDir,
  });
  const { gpus: gpuIndices } = lane;
  const env = launchEnvironment(repeat, {
    mark: launch.mark,
    gpuIndices,
    laneCaches: caches,
    cpus: lane.declared?.cpus,
    extras,
  });
  const command = buildPytestCommand({
    venvPython: files.plan.venv_python,
    test: unit.test,
    baseTemp,
    junitXml: launchFiles.junit(launch.launchDir),
    settingsArgs: await settingsArguments(repeat),
    extraArgs: unit.pytest_args,
  });
  const bound = await binding(lane.declared, files.plan.venv_python);
  const argv = [...bound, ...command, ...extras.pytestArgs];
  await rm(baseTemp, { recursive: true, force: true });
  await mkdir(dirname(baseTemp), { recursive: true, mode: 0o700 });
  await mkdir(launch.launchDir, { recursive: true, mode: 0o700 });
  // pytest would make it readable for everybody; what exists keeps its mode.
  await writeFile(launchFiles.junit(launch.launchDir), '', { flag: 'a', mode: 0o600 });
  await pointToLog(repeat, launch);
  for (const folder of Object.values(caches)) await mkdir(folder, { recursive: true, mode: 0o700 });
  const wiped = await wipeCaches(repeat, { env, caches });
  if (wiped.kind === 'blocked') return wiped;
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
  const jitWorkspace = caches['FLASHINFER_WORKSPACE_BASE'] ?? null;
  return { kind: 'ready', spec, notes: wiped.notes, jitWorkspace };
}

/** The banner of a repeat in `run.log`. */
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

function cachesOf({ files, policies, place }: Repeat, lane: PreparedLane): Record<string, string> {
  const { plan } = files;
  return laneCaches({
    policy: policies.jit_cache,
    lanes: plan.lanes ?? plan.lane_table?.length ?? 1,
    lane: lane.name,
    cacheRoot: lane.declared?.cache_root,
    environment: plan.environment ?? {},
    runDir: place.runDir,
  });
}

/** @throws CalibError where the repository's settings would defeat the launch and nothing undoes them */
async function settingsArguments({ files, unit }: Repeat): Promise<string[]> {
  const launch = { test: unit.test, args: unit.pytest_args };
  const { args, refused } = await judgeSettingsOf(files.plan.repo_root, launch);
  if (refused.length === 0) return args;
  throw new CalibError('invalid-input', `pytest's settings: ${refused.join('; ')}`, {
    remedy: settingsRemedy,
  });
}

/** Blocked while a cache that is the calibration's own would stay warm; foreign ones are only told of. */
async function wipeCaches(
  { files, unit, policies }: Repeat,
  { env, caches }: { env: Record<string, string>; caches: Record<string, string> },
): Promise<{ kind: 'wiped'; notes: string[] } | BlockedLaunch> {
  if (policies.jit_cache === 'keep') return { kind: 'wiped', notes: [] };
  const catalog = { ...files.plan.environment, ...unit.env, ...caches };
  const own = 'FLASHINFER_WORKSPACE_BASE' in caches;
  // A lane with folders of its own leaves the shared ones to those who compile there now.
  const places = jitCachePlaces(env, new Set(Object.keys(catalog))).filter(
    ({ variable }) => !own || variable in caches,
  );
  const wipes = await wipeJitCache(places, sessionCacheRoots(files.plan.environment ?? {}));
  const failed = wipes.flatMap((wipe) => (wipe.outcome === 'failed' ? [`${wipe.path}: ${wipe.reason}`] : []));
  if (failed.length > 0)
    return { kind: 'blocked', reason: `JIT cache would stay warm: ${failed.join(' | ')}` };
  const notes = wipes.flatMap((wipe) =>
    wipe.outcome === 'foreign'
      ? [`JIT cache ${wipe.path} was not wiped: ${wipe.reason}; ${jitCacheRemedy}`]
      : [],
  );
  return { kind: 'wiped', notes };
}

/** What became of an attempt. */
export type Launched =
  | { kind: 'ended'; ended: Ended }
  /** No lane was to be had in time: nothing was launched. */
  | { kind: 'no-lane'; attempt: number; reason: string; leased: boolean; waitedSeconds: number };

/**
 * Launches pytest once more for a repeat that has no launch going on, and follows it to its end. `first` is the first
 * attempt of a pass, which is announced.
 *
 * @throws the cancellation's reason when cancelled; CalibError or the file system's error when something refuses.
 */
export async function launchAttempt(repeat: Repeat, first: boolean): Promise<Launched> {
  const launch = await newLaunch(repeat);
  const startedAtMs = performance.now();
  const use = { ...launch, startedAtMs, deadlineMs: startedAtMs + repeat.policies.gpu_wait_s * 1000 };
  repeat.heartbeats.say(startingBeat(launch));
  if (first) await announceRepeat(repeat);
  await endOwnProcesses(repeat, null);
  if (repeat.unit.gpus > 0) await endStrayProcesses(repeat);
  const waitBlocked = blockedWait(repeat, use);
  for (;;) {
    const opening = await openLane(repeat, use);
    const waitedSeconds = toSeconds(performance.now() - startedAtMs);
    if (opening.kind === 'closed') {
      const { reason, leased } = opening;
      return { kind: 'no-lane', attempt: launch.attempt, reason, leased, waitedSeconds };
    }
    const { lane } = opening;
    try {
      const takenAtMs = performance.now();
      const prepared = await prepareLaunch(repeat, launch, lanePart(lane));
      if (prepared.kind === 'blocked') {
        if (performance.now() >= use.deadlineMs) {
          return {
            kind: 'no-lane',
            attempt: launch.attempt,
            reason: prepared.reason,
            leased: false,
            waitedSeconds,
          };
        }
        await waitBlocked(prepared.reason);
      } else if (await isStillFree(repeat, lane, takenAtMs, use)) {
        const ended = await runOn(repeat, { launch, lane, prepared, startedAtMs });
        return { kind: 'ended', ended };
      }
    } finally {
      // A pytest that goes on keeps its own lease: the supervisor's.
      await lane.lease.release();
    }
  }
}

/** One pause before another try, told like any other closed gate; the lane is held meanwhile. */
function blockedWait(repeat: Repeat, use: LaneUse): (reason: string) => Promise<void> {
  const { attempt, launchDir, startedAtMs } = use;
  const report = waitReporter(repeat, { state: 'waiting', attempt, launch_dir: launchDir, lane: null });
  return async (reason) => {
    await report({ waitedMs: performance.now() - startedAtMs, text: reason });
    await sleep(repeat.timing.gatePollMs, undefined, { signal: Context.current().cancellationSignal });
  };
}

/** The next number, its folder and its mark. */
async function newLaunch({ place, input }: Repeat): Promise<Omit<Launch, 'lane'>> {
  const attempt = await nextAttemptNumber(place, input.first_attempt);
  return {
    attempt,
    launchDir: runPaths.launch(place.runDir, place.namespace, place.repeat, attempt),
    logPath: runPaths.attemptLog(place.runDir, place.namespace, place.repeat, attempt),
    mark: launchMark(input, attempt, randomUUID()),
  };
}

async function runOn(
  repeat: Repeat,
  start: {
    launch: Omit<Launch, 'lane'>;
    lane: OpenLane;
    prepared: PreparedLaunch;
    startedAtMs: number;
  },
): Promise<Ended> {
  const { lane, prepared } = start;
  const launch: Launch = {
    ...start.launch,
    lane: {
      lane: lane.name,
      gpus: lane.gpus.map(({ index }) => index),
      gpu_uuids: lane.gpus.map(({ uuid }) => uuid),
      gate_s: toSeconds(performance.now() - start.startedAtMs),
      launched_at: utcTimestamp(new Date()),
      notes: prepared.notes,
      ...(prepared.jitWorkspace === null ? {} : { jit_workspace: prepared.jitWorkspace }),
      resources: [...lane.lease.resources],
    },
  };
  writeLaunchLane(launch.launchDir, launch.lane);
  await announceLaunch(repeat, launch);
  // The last moment at which nothing has been started: afterwards a cancelled attempt has a pytest to care for.
  Context.current().cancellationSignal.throwIfAborted();
  const started: LaunchStart = await launchSupervised(prepared.spec);
  // The supervisor's own start, which comes first, is no part of pytest's start-up.
  if (started.state === 'ended') {
    return await endLaunch(repeat, launch, { exit: started.exit, lost: null, identity: null, watch: null });
  }
  const { handle } = started;
  return await followLaunch(repeat, launch, { handle, ageMs: 0, adopted: false });
}

function lanePart({ name, gpus, lease, declared }: OpenLane): PreparedLane {
  return { name, gpus: gpus.map(({ index }) => index), runNames: lease.runNames, declared };
}

function startingBeat({ attempt, launchDir }: Omit<Launch, 'lane'>) {
  const text = 'looking for a lane';
  return { state: 'starting' as const, text, attempt, launch_dir: launchDir, lane: null, seconds: 0 };
}
