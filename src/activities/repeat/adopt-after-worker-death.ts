import { Context } from '@temporalio/activity';

import { utcTimestamp } from '../../domain/text.ts';
import { nameOfLane } from '../../domain/lanes/lanes.ts';
import { acquireHostLock, laneResources, type HostLock } from '../../host/lock/host-lock.ts';
import { type Adoption, adoptLaunch } from '../../host/process/adopt-launch.ts';
import {
  launchFiles,
  type LaunchLane,
  launchRequestSchema,
  readLaunchDocument,
  readLaunchLane,
} from '../../host/process/launch-files.ts';
import { processAgeMs } from '../../host/process/identity.ts';
import { runPaths } from '../../host/run-directory/paths.ts';
import { endLaunch, followLaunch } from '../launch/follow-launch.ts';
import { launchMark } from './claim-repeat.ts';
import { LaunchWatch } from '../launch/launch-watch.ts';
import { holderOf } from '../launch/open-lane.ts';
import { type Ended, type Launch, type Repeat, logLines } from './repeat.ts';

/**
 * Takes over a launch whose end was not recorded: follows it if it goes on, collects it if it has ended, clears away
 * what is left if nobody will ever know. Null when it never began and never will.
 *
 * @throws the cancellation's reason when cancelled.
 */
export async function adoptAttempt(repeat: Repeat, attempt: number): Promise<Ended | null> {
  const { place } = repeat;
  const launchDir = runPaths.launch(place.runDir, place.namespace, place.repeat, attempt);
  const request = await readLaunchDocument(launchFiles.request(launchDir), launchRequestSchema);
  if (request.kind === 'missing') return null;
  const token = request.kind === 'read' ? request.document.token : '';
  const adoption: Adoption = await adoptLaunch(launchDir, token);
  if (adoption.state === 'absent') return null;
  const launch = await launchOf(repeat, { attempt, launchDir, token });
  const lease = await takeOverLane(repeat, launch.lane, adoption.state === 'running');
  try {
    return await takeOver(repeat, { launch, adoption, holdsLane: lease !== null });
  } finally {
    await lease?.release();
  }
}

async function takeOver(
  repeat: Repeat,
  found: { launch: Launch; adoption: Exclude<Adoption, { state: 'absent' }>; holdsLane: boolean },
): Promise<Ended> {
  const { launch, adoption, holdsLane } = found;
  const label = `[${repeat.input.namespace}] run ${repeat.input.repeat}`;
  if (adoption.state === 'running') {
    const { handle } = adoption;
    await logLines(repeat, `${label}: attempt ${launch.attempt} goes on, adopted`);
    return await followLaunch(repeat, noted(launch, 'adopted while running'), {
      handle,
      ageMs: processAgeMs(handle.identity.child),
      adopted: true,
      holdsLane,
    });
  }
  await logLines(repeat, `${label}: attempt ${launch.attempt} has ended meanwhile, collected`);
  const ended = adoption.state === 'ended';
  const adopted = noted(launch, ended ? 'collected after its end' : 'found without an end');
  const watch = new LaunchWatch(repeat, adopted, { ageMs: 0, adopted: true });
  return await endLaunch(repeat, adopted, {
    exit: ended ? adoption.exit : null,
    lost: ended ? null : adoption.reason,
    identity: ended ? null : (adoption.identity ?? null),
    watch,
    holdsLane,
  });
}

function noted(launch: Launch, note: string): Launch {
  return { ...launch, lane: { ...launch.lane, notes: [...launch.lane.notes, note] } };
}

async function launchOf(
  { place, input, deps }: Repeat,
  found: { attempt: number; launchDir: string; token: string },
): Promise<Launch> {
  const { attempt, launchDir, token } = found;
  return {
    attempt,
    launchDir,
    logPath: runPaths.attemptLog(place.runDir, place.namespace, place.repeat, attempt),
    mark: launchMark(input, attempt, token),
    lane: (await readLaunchLane(launchDir)) ?? {
      lane: `${deps.hostname}/unknown`,
      gpus: [],
      gpu_uuids: [],
      gate_s: 0,
      // Nothing is known: then no result file can be told from an older one, and none is taken.
      launched_at: utcTimestamp(new Date()),
      notes: ['its lane was not recorded'],
    },
  };
}

/** The owner's part of the lane of a run that goes on; null when somebody else has it, to whom it then belongs. */
async function takeOverLane(
  repeat: Repeat,
  lane: Omit<LaunchLane, 'schema'>,
  running: boolean,
): Promise<HostLock | null> {
  Context.current().cancellationSignal.throwIfAborted();
  const host = repeat.deps.hostname;
  const result = await acquireHostLock({
    resources:
      lane.resources ?? laneResources({ gpuUuids: lane.gpu_uuids, host, name: nameOfLane(lane.lane) }),
    holder: holderOf(repeat),
    adopting: running,
  });
  return result.kind === 'held' ? result.lease : null;
}
