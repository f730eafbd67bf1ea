import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

import { ApplicationFailure, Context } from '@temporalio/activity';

import { utcTimestamp } from '../domain/clock.ts';
import type { Attempt } from '../domain/observation/attempt.ts';
import { buildObservation } from '../domain/observation/build-observation.ts';
import { judgeRepeat } from '../domain/observation/judge-repeat.ts';
import { type Policies, policiesSchema } from '../domain/plan/plan.ts';
import type { Unit } from '../domain/plan/unit.ts';
import { type OwnStop, classifyEnd } from '../domain/pytest/classify-end.ts';
import { failureTypes } from '../domain/session/failure-types.ts';
import type { RepeatOutcome } from '../domain/session/repeat-outcome.ts';
import type { StageDefinition } from '../domain/stages/stage.ts';
import { extractRepeat } from '../host/extraction/extract-stage.ts';
import { readGitState } from '../host/git/read-git-state.ts';
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
import { appendAttempt, readAttempts } from '../host/run-directory/attempts-file.ts';
import { commitRepeat } from '../host/run-directory/commit-repeat.ts';
import { discardRepeat } from '../host/run-directory/discard-repeat.ts';
import { runPaths } from '../host/run-directory/paths.ts';
import { readCommittedRepeat } from '../host/run-directory/read-committed-repeat.ts';
import { appendRunLog } from '../host/run-directory/run-log.ts';
import type { ActivityDependencies } from './activity-dependencies.ts';
import type { RunRepeatInput } from './activity-types.ts';
import { type SessionFiles, readSessionFiles, unitOf } from './session-files.ts';

interface Repeat {
  input: RunRepeatInput;
  files: SessionFiles;
  unit: Unit;
  stages: StageDefinition[];
  policies: Policies;
  place: { runDir: string; namespace: string; repeat: number };
  lane: string;
}

interface Ended {
  attempt: number;
  exit: LaunchExit | null;
  lost: string | null;
  signatures: string[];
}

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
  return await record(repeat, await launchOrAdopt(repeat));
}

async function movedCommit({ files, input }: Repeat): Promise<RepeatOutcome | null> {
  const git = await readGitState(files.plan.repo_root, { excludePaths: [dirname(input.run_dir)] });
  const same = git.sha === files.plan.git_sha && git.treeFingerprint === files.plan.tree_fingerprint;
  if (same) return null;
  const text =
    git.sha === files.plan.git_sha
      ? 'the work tree is no longer the one that the session observes: restore it, then resume'
      : `HEAD moved: the session observes ${files.plan.git_sha}, found ${git.sha}; check it out again, then resume`;
  const cause = { text, namespace: input.namespace, repeat: input.repeat };
  return { kind: 'halt', cause, cells: {}, launches: 0, duration_s: 0, lane: null };
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

async function record(repeat: Repeat, end: Ended): Promise<RepeatOutcome> {
  const { place, input, stages, policies, files, lane } = repeat;
  const { exit } = end;
  const classified = classifyEnd({
    exitCode: exit?.exit_code ?? null,
    signal: exit?.signal ?? null,
    ownStop: ownStopOf(exit),
    signatures: end.signatures,
    ...(end.lost === null ? {} : { lost: end.lost }),
    ...(exit?.start_error ? { startError: exit.start_error } : {}),
  });
  const now = utcTimestamp(new Date());
  const earlier = await readAttempts(place);
  const attempt: Attempt = {
    n: end.attempt,
    pass: input.pass,
    started_at: exit?.started_at ?? now,
    ended_at: exit?.ended_at ?? now,
    exit_code: exit?.exit_code ?? null,
    signal: exit?.signal ?? null,
    reason: classified.reason,
    outcome: classified.outcome,
    duration_s: exit?.duration_s ?? 0,
    gate_s: 0,
    cleanup_s: 0,
    gpus: [],
    lane,
    log: runPaths.attemptLog(place.runDir, place.namespace, place.repeat, end.attempt),
    startup_s: null,
    notes: [],
  };
  const attempts: [...Attempt[], Attempt] = [...earlier, attempt];
  const launches = attempts.filter(({ pass }) => pass === input.pass).length;
  const last = launches >= policies.attempts_per_pass;
  const judgedEnd = { ...classified, exit_code: attempt.exit_code, signal: attempt.signal };
  const baseTemp = runPaths.baseTemp(place.runDir, place.namespace, place.repeat);
  const extractions = await extractRepeat({ stages, baseTemp, launchedAt: new Date(attempt.started_at) });
  const { verdict, statuses, cells } = judgeRepeat({
    stages,
    extractions,
    end: judgedEnd,
    suspects: classified.suspects,
    earlierReasons: earlier.map(({ reason }) => reason),
    lastAttempt: last,
  });
  const facts = { launches, duration_s: attempt.duration_s, lane };
  const label = `[${input.namespace}] run ${input.repeat}/${files.plan.repeats}`;
  await appendRunLog(
    place.runDir,
    [`${label} ${verdict.kind} (${attempt.duration_s.toFixed(1)}s)`],
    new Date(),
  );
  if (verdict.kind === 'infra' && !last) {
    await appendAttempt(place, attempt);
    throw ApplicationFailure.retryable(`${label}: ${verdict.reason}`, failureTypes.infra);
  }
  const moved = await movedCommit(repeat);
  if (moved !== null) return moved;
  const observations = Object.fromEntries(
    stages.flatMap((stage) => {
      const extraction = extractions[stage.key];
      const status = statuses[stage.key];
      if (extraction === undefined || status === undefined) return [];
      const built = buildObservation(
        {
          session_id: files.plan.session_id,
          namespace: input.namespace,
          git_sha: files.plan.git_sha ?? '',
          tree_fingerprint: files.plan.tree_fingerprint,
          recorded_at: now,
          end: judgedEnd,
          attempt_history: attempts,
          pytest_log: attempt.log,
          basetemp: baseTemp,
          gpu_uuids: [],
          host: files.plan.hostname ?? '',
        },
        { stage, extraction, status },
      );
      return [[stage.key, built]];
    }),
  );
  await commitRepeat({
    ...place,
    sessionId: files.plan.session_id,
    attempt: end.attempt,
    gitSha: files.plan.git_sha ?? '',
    committedAt: now,
    test: repeat.unit.test,
    log: attempt.log,
    observations,
  });
  await appendAttempt(place, attempt);
  switch (verdict.kind) {
    case 'complete':
      return { kind: 'complete', cells, ...facts };
    case 'partial':
      return { kind: 'incomplete', reason: verdict.reason, cells, ...facts };
    case 'infra':
      return { kind: 'exhausted', reason: verdict.reason, cells, ...facts };
    case 'halt':
      return {
        kind: 'halt',
        cause: { ...verdict.cause, namespace: input.namespace, repeat: input.repeat },
        cells,
        ...facts,
      };
  }
}

function ownStopOf(exit: LaunchExit | null): OwnStop | null {
  if (exit?.stop === null || exit === null) return null;
  try {
    return JSON.parse(exit.stop.reason) as OwnStop;
  } catch {
    return { kind: 'cancelled', why: exit.stop.reason };
  }
}
