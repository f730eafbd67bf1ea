import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

import { ApplicationFailure, Context } from '@temporalio/activity';

import { utcTimestamp } from '../domain/clock.ts';
import { policiesSchema } from '../domain/plan/plan.ts';
import type { OwnStop } from '../domain/pytest/classify-end.ts';
import { failureTypes } from '../domain/session/failure-types.ts';
import type { RepeatOutcome } from '../domain/session/repeat-outcome.ts';
import { followLog } from '../host/log/follow-log.ts';
import { adoptLaunch } from '../host/process/adopt-launch.ts';
import { endProcesses } from '../host/process/end-processes.ts';
import { type LaunchExit, launchRequestSchema } from '../host/process/launch-documents.ts';
import { launchFiles } from '../host/process/launch-files.ts';
import type { LaunchHandle } from '../host/process/launch-handle.ts';
import { launchSupervised } from '../host/process/launch-supervised.ts';
import { buildPytestCommand } from '../host/pytest/build-command.ts';
import { buildPytestEnvironment } from '../host/pytest/build-environment.ts';
import { sessionCacheRoots, wipeJitCache } from '../host/pytest/wipe-jit-cache.ts';
import { readAttempts } from '../host/run-directory/attempts-file.ts';
import { discardRepeat } from '../host/run-directory/discard-repeat.ts';
import { runPaths } from '../host/run-directory/paths.ts';
import { readCommittedRepeat } from '../host/run-directory/read-committed-repeat.ts';
import { appendRunLog } from '../host/run-directory/run-log.ts';
import type { ActivityDependencies } from './activity-dependencies.ts';
import type { RunRepeatInput } from './activity-types.ts';
import { movedCommit } from './moved-commit.ts';
import { recordRepeat } from './record-repeat.ts';
import type { Ended, Repeat } from './repeat.ts';
import { readSessionFiles, unitOf } from './session-files.ts';

/** Owns one repeat: adopts a run that goes on or launches one, follows it to its end, and commits what it yielded. */
export async function runRepeat(input: RunRepeatInput, deps: ActivityDependencies): Promise<RepeatOutcome> {
  const files = await readSessionFiles(input.run_dir);
  const unit = unitOf(files.plan, input.namespace);
  const repeat: Repeat = {
    input,
    files,
    unit,
    stages: unit.stages.flatMap((key) => files.stages.filter((stage) => stage.key === key)),
    policies: policiesSchema.parse(files.plan.policies ?? {}),
    place: { runDir: input.run_dir, namespace: input.namespace, repeat: input.repeat },
    lane: `${deps.hostname}/cpu`,
  };
  const { plan } = files;
  const committed = await readCommittedRepeat({
    ...repeat.place,
    stages: repeat.stages,
    commit: plan.git_sha ?? '',
  });
  if (committed.kind === 'valid') {
    return { kind: 'complete', cells: committed.cells, launches: 0, duration_s: 0, lane: repeat.lane };
  }
  if (committed.kind === 'invalid') {
    await discardRepeat({
      ...repeat.place,
      stages: unit.stages,
      reason: committed.reason,
      at: utcTimestamp(new Date()),
      requestedBy: 'calib',
      commandId: randomUUID(),
    });
  }
  if (unit.gpus > 0) {
    throw ApplicationFailure.nonRetryable(
      `${unit.namespace} needs ${unit.gpus} GPU(s): this version runs suites with gpus: 0 only`,
      failureTypes.refused,
    );
  }
  const moved = await movedCommit(repeat);
  if (moved !== null) return moved;
  return await recordRepeat(repeat, await launchOrAdopt(repeat));
}

async function launchOrAdopt(repeat: Repeat): Promise<Ended> {
  const { place, input } = repeat;
  const done = await readAttempts(place);
  const attempt = (done.at(-1)?.n ?? 0) + 1;
  const launchDir = runPaths.launch(place.runDir, place.namespace, place.repeat, attempt);
  const request = await readFile(launchFiles.request(launchDir), 'utf8').catch(() => null);
  const token = request === null ? randomUUID() : launchRequestSchema.parse(JSON.parse(request)).token;
  Context.current().heartbeat({ launchDir, attempt });
  if (request !== null) {
    const adopted = await adoptLaunch(launchDir, token);
    if (adopted.state === 'running') return await follow(repeat, attempt, adopted.handle, token);
    if (adopted.state === 'ended') return await ended(repeat, attempt, adopted.exit, null);
    if (adopted.state === 'lost') return await ended(repeat, attempt, null, adopted.reason);
  }
  const mark = {
    session: input.session_id,
    namespace: input.namespace,
    repeat: input.repeat,
    attempt,
    token,
  };
  const started = await launchSupervised(await launchSpec(repeat, { attempt, launchDir, token, mark }));
  if (started.state === 'ended') return await ended(repeat, attempt, started.exit, null);
  return await follow(repeat, attempt, started.handle, token);
}

interface LaunchFacts {
  attempt: number;
  launchDir: string;
  token: string;
  mark: { session: string; namespace: string; repeat: number; attempt: number; token: string };
}

async function launchSpec({ files, unit, place, input }: Repeat, facts: LaunchFacts) {
  const { plan } = files;
  const baseTemp = runPaths.baseTemp(place.runDir, place.namespace, place.repeat);
  await rm(baseTemp, { recursive: true, force: true });
  await mkdir(dirname(baseTemp), { recursive: true, mode: 0o700 });
  const env = buildPytestEnvironment({
    base: process.env,
    catalogEnvironment: plan.environment ?? {},
    unitEnv: unit.env,
    repoRoot: plan.repo_root,
    venvPython: plan.venv_python,
    gpuIndices: [],
    mark: facts.mark,
  });
  await wipeJitCache({ env, sessionRoots: sessionCacheRoots(plan.environment ?? {}) });
  const line = `[${unit.namespace}] run ${input.repeat}/${plan.repeats}: attempt ${facts.attempt}, starting pytest`;
  await appendRunLog(place.runDir, [line], new Date());
  return {
    launchDir: facts.launchDir,
    token: facts.token,
    argv: buildPytestCommand({
      venvPython: plan.venv_python,
      test: unit.test,
      baseTemp,
      extraArgs: unit.pytest_args,
    }),
    cwd: plan.repo_root,
    env,
    logPath: runPaths.attemptLog(place.runDir, place.namespace, place.repeat, facts.attempt),
  };
}

async function follow(repeat: Repeat, attempt: number, handle: LaunchHandle, token: string): Promise<Ended> {
  const { place, policies, unit, input } = repeat;
  const context = Context.current();
  const log = followLog({ path: runPaths.attemptLog(place.runDir, place.namespace, place.repeat, attempt) });
  const limitSeconds = unit.timeout_s ?? policies.timeout_s;
  const started = Date.parse(handle.identity.started_at);
  try {
    const end = await handle.waitForExit({
      signal: context.cancellationSignal,
      onTick: async () => {
        await log.look();
        context.heartbeat({ launchDir: handle.launchDir, attempt, log_bytes: log.state.bytes });
        const stop: OwnStop = { kind: 'timeout', limitSeconds };
        if (Date.now() - started > limitSeconds * 1000) await handle.requestStop(JSON.stringify(stop));
      },
    });
    return await ended(
      repeat,
      attempt,
      end.state === 'ended' ? end.exit : null,
      end.state === 'lost' ? end.reason : null,
    );
  } catch (error) {
    if (context.cancellationDetails?.cancelRequested === true) {
      await handle.requestStop(
        JSON.stringify({ kind: 'cancelled', why: 'session aborted' } satisfies OwnStop),
      );
      const mark = {
        session: input.session_id,
        namespace: input.namespace,
        repeat: input.repeat,
        attempt,
        token,
      };
      await endProcesses({ mark, identity: handle.identity });
    }
    throw error;
  } finally {
    await log.close();
  }
}

async function ended(
  repeat: Repeat,
  attempt: number,
  exit: LaunchExit | null,
  lost: string | null,
): Promise<Ended> {
  const { place, input } = repeat;
  const log = followLog({ path: runPaths.attemptLog(place.runDir, place.namespace, place.repeat, attempt) });
  await log.look();
  const signatures = log.state.matches.map((match) => match.name);
  await log.close();
  await endProcesses({
    mark: { session: input.session_id, namespace: input.namespace, repeat: input.repeat },
  });
  return { attempt, exit, lost, signatures };
}
