import { randomUUID } from 'node:crypto';

import { CalibError } from '../../domain/calib-error.ts';
import { type Plan, planDocument, type SessionPlan } from '../../domain/session/session-plan.ts';
import { utcTimestamp } from '../../domain/text.ts';
import { versionControlPlace } from '../../host/git/git.ts';
import { workspaceDiff } from '../../host/git/workspace-diff.ts';
import { unrecordedAttempt } from '../../host/run-directory/attempt-numbers.ts';
import { readAttempts, type RepeatPlace } from '../../host/run-directory/attempts-file.ts';
import { readCommitMarker } from '../../host/run-directory/commit-repeat.ts';
import { discardRepeat } from '../../host/run-directory/discard-repeat.ts';
import { keepCopy, writeFileAtomic } from '../../host/run-directory/files.ts';
import { appendRunLog } from '../../host/run-directory/logs/run-log.ts';
import { runPaths } from '../../host/run-directory/paths.ts';
import { createRunDirectory, readPlan, writePlan } from '../../host/run-directory/plan-file.ts';
import { readStagesFile } from '../../host/run-directory/stages-copy.ts';
import { readDispatch, writeDispatch } from '../../host/run-directory/travel.ts';
import type { RepeatHeartbeat } from '../activity-types.ts';
import { readPlannedStagesFile } from '../open-session.ts';
import { discardedBySession } from '../repeat/attempt.ts';
import { claimLeftBehind } from '../repeat/claim-repeat.ts';
import { endRepeat } from '../repeat/end-repeat.ts';
import { logLines, type Repeat, type RepeatTiming } from '../repeat/repeat.ts';

/**
 * Makes or refreshes the directory of another host's session on this host: of the usual shape, for this host's
 * places. A copy of `stages.yaml` that was corrected meanwhile is replaced, the earlier one kept beside it. The plan
 * comes after it, so that a crash leaves nothing that looks like a session; twice equals once.
 *
 * @param local the session's plan as it is here, see `memberPlan`
 * @param home where the records that count are
 * @throws CalibError for a folder that git would list, that holds something else, or that is another host's; nothing is
 *   touched then
 */
export async function createGuestDirectory(
  local: SessionPlan,
  home: NonNullable<Plan['mirror_of']>,
): Promise<'created' | 'existing'> {
  const { run_dir: runDir } = local;
  const now = new Date();
  const stagesFile = await readPlannedStagesFile(local);
  const made = await createRunDirectory({
    runDir,
    sessionId: local.session_id,
    placeOf: (path) => versionControlPlace(local.repo_root, path),
  });
  const before = made === 'created' ? null : await readMirrorPlan(local);
  if (made === 'created') {
    if (local.dirty)
      await writeFileAtomic(runPaths.workspaceDiff(runDir), await workspaceDiff(local.repo_root));
    await appendRunLog(runDir, [`serves session ${local.session_id} of ${home.hostname}`], now);
  }
  const replaced = await keepReplaced(runDir, stagesFile);
  await writeFileAtomic(runPaths.stagesYaml(runDir), stagesFile);
  const history = [
    ...(before?.stages_yaml_history ?? []),
    ...(replaced === null ? [] : [{ at: utcTimestamp(now), kept: replaced, changes: [] }]),
  ];
  await writePlan(runDir, {
    ...planDocument(local, before?.timestamp ?? utcTimestamp(now)),
    mirror_of: home,
    ...(history.length === 0 ? {} : { stages_yaml_history: history }),
  });
  return made;
}

/** A session's own run directory, or another host's part in it, lies here where hosts share a disk. */
async function readMirrorPlan({ run_dir: runDir, hostname }: SessionPlan): Promise<Plan> {
  const plan = await readPlan(runDir);
  if (plan.mirror_of !== undefined && plan.hostname === hostname) return plan;
  const whose =
    plan.mirror_of === undefined ? "the session's run directory itself" : `that of ${plan.hostname ?? '?'}`;
  throw new CalibError('refused', `${runDir} is ${whose}`, {
    remedy: 'give each host of the pool a run root of its own, also where they share a disk',
  });
}

/** Name under which an earlier copy is kept; null where the copy is the wanted one, or none is there. */
async function keepReplaced(runDir: string, wanted: Buffer): Promise<string | null> {
  const copy = runPaths.stagesYaml(runDir);
  const found = await readStagesFile(copy);
  if (found === null || found.text === wanted.toString('utf8')) return null;
  return await keepCopy(copy, Buffer.from(found.text));
}

/**
 * When a host takes part again, nothing that it was given before is waited for: launches without a record are ended
 * and discarded, and what is recorded stays as it is but answers no later dispatch. A repeat that a worker here has
 * in hand is left alone.
 *
 * @param local the session's plan as it is here
 * @returns a line for each repeat that was discarded
 * @throws CalibError when the file system refuses
 */
export async function discardStaleLaunches(local: SessionPlan, timing: RepeatTiming): Promise<string[]> {
  const lines: string[] = [];
  const { session_id, run_dir } = local;
  for (const { namespace, stages } of local.units) {
    for (let repeat = 1; repeat <= local.repeats; repeat += 1) {
      const key = { session_id, run_dir, namespace, repeat };
      const place = { runDir: run_dir, namespace, repeat };
      const isUnrecorded = await hasUnrecorded(place);
      if (!isUnrecorded && (await readDispatch(place)) === null) continue;
      const claim = await claimLeftBehind(key);
      if (claim === null) continue;
      try {
        if (isUnrecorded) {
          await endRepeat(key, timing, { kind: 'cancelled', why: 'the session went on without this host' });
          await setAside(place, stages);
          lines.push(`${namespace} repeat ${repeat}: an unrecorded launch is discarded`);
        }
        await writeDispatch(place, null);
      } finally {
        await claim.release();
      }
    }
  }
  return lines;
}

/** A worker that died between commit and record left nothing but the record of the attempt undone. */
async function hasUnrecorded(place: RepeatPlace): Promise<boolean> {
  const attempt = await unrecordedAttempt(place);
  if (attempt === null) return false;
  const marker = await readCommitMarker(place);
  return marker?.attempt !== attempt;
}

async function setAside(place: RepeatPlace, stages: readonly string[]): Promise<void> {
  await discardRepeat({
    ...place,
    stages,
    reason: 'the session went on without this host',
    at: utcTimestamp(new Date()),
    requestedBy: discardedBySession,
    commandId: randomUUID(),
  });
}

/**
 * On another host of a pool: discards what is there of an earlier dispatch of this repeat, pytest ended first,
 * because the session has gone on without it. What is there of the same dispatch stays, to be adopted or returned. Does
 * nothing in the session's own run directory.
 *
 * @throws CalibError when the file system refuses; called again, it goes on where it was
 */
export async function discardOlderDispatch(repeat: Repeat): Promise<void> {
  const { input, place, files, unit, timing } = repeat;
  const { dispatch } = input;
  if (files.plan.mirror_of === undefined || dispatch === undefined) return;
  if ((await readDispatch(place)) === dispatch) return;
  if (!input.reextract || !(await hasNewestAttempt(repeat))) {
    repeat.heartbeats.say(endingBeat);
    await endRepeat(input, timing, { kind: 'cancelled', why: 'given out anew by the session' });
    const discarded = await discardRepeat({
      ...place,
      stages: unit.stages,
      reason: `the session dispatched this repeat again (dispatch ${dispatch})`,
      at: utcTimestamp(new Date()),
      requestedBy: discardedBySession,
      // Numbers of dispatches begin anew when a session is resumed: they would take an old discard for this one.
      commandId: randomUUID(),
    });
    if (discarded.kind === 'discarded') {
      await logLines(
        repeat,
        `[${input.namespace}] run ${input.repeat}: what an earlier dispatch left is discarded`,
      );
    }
  }
  await writeDispatch(place, dispatch);
}

/** Said before it is known whether there is anything: processes may take longer to end than heartbeats may be silent. */
const endingBeat: RepeatHeartbeat = {
  state: 'ending',
  text: 'clearing away what an earlier dispatch left',
  attempt: 0,
  launch_dir: '',
  lane: null,
  seconds: 0,
};

/** Whether the artifacts that are to be read again can be this host's: no other host has launched the repeat since. */
async function hasNewestAttempt({ input, place }: Repeat): Promise<boolean> {
  const newest = (await readAttempts(place)).at(-1)?.n ?? 0;
  return newest >= (input.first_attempt ?? 1) - 1;
}
