import { ApplicationFailure } from '@temporalio/activity';
import { NativeConnection, Worker } from '@temporalio/worker';

import type {
  JoinInput,
  PoolHomeActivities,
  PooledOutcome,
  RunRepeatInput,
} from '../../src/activities/activity-types.ts';
import { environmentFacts } from '../../src/domain/fingerprint/environment.ts';
import type { Lane } from '../../src/domain/lanes/lanes.ts';
import type { JoinOutcome, RepeatRecord } from '../../src/domain/pool/pool.ts';
import { failureTypes } from '../../src/domain/session/session-state.ts';
import type { SessionPlan } from '../../src/domain/session/session-plan.ts';
import { hostTaskQueues, poolTaskQueue } from '../../src/workflows/messages.ts';
import type { TestPlace } from './running-session.ts';
import type { StandInActivities } from './stand-in-activities.ts';

/** The session that hosts of a pool take part in, and the server's address. */
export interface PoolSetting {
  place: TestPlace;
  address: string;
  plan: SessionPlan;
  activities: StandInActivities;
}

/** A machine of a pool under test. */
export interface PoolHost {
  /** Its name; the home host's is the plan's `hostname`. */
  name: string;
  lanes?: Lane[];
  /** Repeats at a time where it declares no lanes. */
  slots?: number;
  /** Instead of joining. */
  join?: (input: JoinInput) => JoinOutcome;
  /** Instead of completing the repeat. */
  repeat?: (input: RunRepeatInput) => PooledOutcome | Promise<PooledOutcome>;
  /** It joins, and is gone afterwards. */
  deaf?: boolean;
  /** It joins and answers, while its lanes work for others. */
  busy?: boolean;
  /** Repeats that it really runs at a time, whatever it says. */
  takes?: number;
  /** It does not answer when it is asked whether it is there. */
  mute?: boolean;
}

/** The part of the home host: keeps the records that come in. */
export class StandInPoolHome implements PoolHomeActivities {
  readonly records: RepeatRecord[] = [];
  readonly #keep: () => void;
  standardsRead = 0;

  constructor(keep: () => void = () => undefined) {
    this.#keep = keep;
  }

  async readStandard() {
    this.standardsRead += 1;
    return { environment: environmentFacts({ driver: '590.10' }), stages_yaml_sha256: 'cafe' };
  }

  async keepRepeat({ record }: { record: RepeatRecord }): Promise<void> {
    this.#keep();
    this.records.push(record);
  }
}

/** Where a session lies on a host. */
export function directoryOn(plan: SessionPlan, host: string): string {
  return host === plan.hostname ? plan.run_dir : `/srv/${host}/.tune-runs/${plan.session_id}`;
}

/** Runs the body while the host takes part: it polls the pool's queue and, unless deaf, its own. */
export async function withHost<T>(setting: PoolSetting, host: PoolHost, body: () => Promise<T>): Promise<T> {
  // One of its own: no two workers of one connection may poll the same queue.
  const connection = await NativeConnection.connect({ address: setting.address });
  try {
    return await withWorkersOf(setting, { host, connection }, body);
  } finally {
    await connection.close();
  }
}

async function withWorkersOf<T>(
  setting: PoolSetting,
  { host, connection }: { host: PoolHost; connection: NativeConnection },
  body: () => Promise<T>,
): Promise<T> {
  const { place, plan } = setting;
  const connected = { connection, namespace: place.namespace, identity: host.name };
  const offers = await Worker.create({
    ...connected,
    taskQueue: poolTaskQueue(plan.pool ?? ''),
    activities: { joinSession: (input: JoinInput) => answer(host, input) },
  });
  if (host.deaf === true) return await offers.runUntil(body);
  const home = host.name === plan.hostname;
  // The home host's own queue is polled by the session's other stand-ins.
  const answering =
    home || host.mute === true
      ? null
      : await Worker.create({
          ...connected,
          taskQueue: hostTaskQueues(host.name).home,
          activities: { ping: () => undefined },
        });
  const answered = async () => await (answering === null ? body() : answering.runUntil(body));
  if (host.busy === true) return await offers.runUntil(answered);
  const repeats = await Worker.create({
    ...connected,
    taskQueue: home ? plan.task_queues.repeats : hostTaskQueues(host.name).repeats,
    activities: { runRepeat: (input: RunRepeatInput) => runOn(setting, host, input) },
    maxHeartbeatThrottleInterval: 100,
    ...(host.takes === undefined ? {} : { maxConcurrentActivityTaskExecutions: host.takes }),
  });
  return await offers.runUntil(repeats.runUntil(answered));
}

function answer(host: PoolHost, input: JoinInput): JoinOutcome {
  if (input.known.includes(host.name)) {
    const known = ApplicationFailure.create({
      message: 'known',
      type: failureTypes.busy,
      nextRetryDelay: 50,
    });
    // Stacks go into histories, and saved ones must name no machine's files.
    known.stack = 'ApplicationFailure: known';
    throw known;
  }
  return (
    host.join?.(input) ?? {
      kind: 'joined',
      host: host.name,
      run_dir: directoryOn(input.plan, host.name),
      lanes: host.lanes ?? [],
      slots: host.slots ?? 1,
      gpus: 8,
      notes: [],
    }
  );
}

async function runOn(
  { plan, activities }: { plan: SessionPlan; activities: StandInActivities },
  host: PoolHost,
  input: RunRepeatInput,
): Promise<PooledOutcome> {
  const outcome = host.repeat === undefined ? await activities.runRepeat(input) : await host.repeat(input);
  const lane = `${host.name}/${input.lanes?.[0]?.name ?? 'gpu0'}`;
  const tries = [{ n: input.first_attempt ?? 1, lane: lane.slice(host.name.length + 1), ...cleanTry }];
  const record = { record: recordOf(plan, host.name, input) };
  return { ...outcome, lane, tries, ...(host.name === plan.hostname ? {} : record) };
}

const cleanTry = { failed: false, dirty: false, reason: '' };

function recordOf(plan: SessionPlan, host: string, { namespace, repeat }: RunRepeatInput): RepeatRecord {
  return {
    schema: 'calib.repeat-record/1',
    session_id: plan.session_id,
    host,
    run_dir: directoryOn(plan, host),
    namespace,
    repeat,
    files: {},
    log_lines: [],
  };
}
