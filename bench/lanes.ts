import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';

import type { RunRepeatInput } from '../src/activities/activity-types.ts';
import type { SessionPlan } from '../src/domain/session/session-plan.ts';
import { startEmbeddedServer } from '../src/worker/embedded-server.ts';
import { workflowSource } from '../src/worker/workflow-bundle.ts';
import { workflowTaskQueue } from '../src/workflows/messages.ts';
import { sampleSessionPlan } from '../test/domain/session/sample-session-plan.ts';
import { listMakespan } from '../test/domain/session/list-makespan.ts';
import { type TestPlace, withOwnQueues, withSession } from '../test/server/running-session.ts';
import { type RepeatScript, StandInActivities } from '../test/server/stand-in-activities.ts';
import { figure } from './figure.ts';
import { printMachine } from './machine.ts';

/**
 * How long the repeats of a session take on 2, 4 and 8 lanes, against list scheduling with the longest first of each
 * round: real workflow and server, repeats that only wait. With durations known from earlier sessions, and without.
 *
 *   npm run setup && npx tsx bench/lanes.ts [repeats] [milliseconds of the shortest unit]
 */
const [repeats = 2, shortestMs = 1000] = process.argv.slice(2).map(Number);
const aim = 1.05;
/** Multiples of the shortest: many short suites and a few that take long, in no order. */
const shapes = [2, 1, 5, 1, 3, 5, 1, 2, 4, 1, 5, 2, 3, 1, 2, 4, 1, 3, 2, 1];

const seconds = new Map(shapes.map((shape, index) => [`test_u${index}_ci`, (shape * shortestMs) / 1000]));
printMachine();
const folder = await mkdtemp(join(tmpdir(), 'calib-bench-lanes-'));
Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
const server = await startEmbeddedServer({
  db: join(folder, 'temporal.db'),
  port: 0,
  uiPort: 0,
  env: process.env,
});
try {
  const connection = await Connection.connect({ address: server.address });
  const nativeConnection = await NativeConnection.connect({ address: server.address });
  const place: TestPlace = {
    client: new Client({ connection }),
    nativeConnection,
    namespace: 'default',
    workflowQueue: workflowTaskQueue,
  };
  const worker = await Worker.create({
    connection: nativeConnection,
    taskQueue: workflowTaskQueue,
    ...workflowSource({ encrypted: false }),
  });
  await worker.runUntil(async () => {
    for (const lanes of [2, 4, 8]) await measure(place, { lanes, known: true });
    await measure(place, { lanes: 4, known: false });
  });
  await nativeConnection.close();
  await connection.close();
} finally {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}

interface Setting {
  lanes: number;
  known: boolean;
}

async function measure(place: TestPlace, setting: Setting): Promise<void> {
  const { lanes, known } = setting;
  const plan = planOf(setting);
  const spans: { repeat: number; from: number; to: number }[] = [];
  const wait: RepeatScript = async (input) => {
    const from = performance.now();
    await sleep((seconds.get(input.namespace) ?? 0) * 1000);
    spans.push({ repeat: input.repeat, from, to: performance.now() });
    return ended(activities, input);
  };
  const keys = plan.units.flatMap(({ namespace }) =>
    Array.from({ length: repeats }, (_, index) => `${namespace}#${index + 1}`),
  );
  const activities = new StandInActivities(plan, {
    repeats: Object.fromEntries(keys.map((key) => [key, [wait]])),
  });
  await withSession({ place, plan, activities }, async (session) => {
    while ((await session.state()).phase.kind !== 'awaiting_decision') await sleep(500);
  });
  const took = Math.max(...spans.map(({ to }) => to)) - Math.min(...spans.map(({ from }) => from));
  const list = repeats * listMakespan([...seconds.values()], lanes);
  const ratio = took / 1000 / list;
  const what = known ? 'durations known' : 'durations learned in round 1';
  console.log(
    `${lanes} lanes, ${what}: ${(took / 1000).toFixed(2)} s, list scheduling ${list.toFixed(2)} s, ` +
      `ratio ${ratio.toFixed(3)} (aim: ${known ? aim : 'none'})`,
  );
  figure({
    name: `makespan on ${lanes} lanes over list scheduling, ${what}`,
    value: ratio,
    unit: 'ratio',
    aim: known ? aim : null,
  });
  if (known && ratio > aim) process.exitCode = 1;
}

function planOf({ lanes, known }: Setting): SessionPlan {
  return withOwnQueues(
    sampleSessionPlan({
      id: `20260101T000000Z_lanes${lanes}${known ? 'known' : 'learned'}`,
      repeats,
      units: [...seconds.keys()].map((namespace, index) => ({
        namespace,
        stages: [`u${index}_wer`],
        gpus: 1,
      })),
      laneTable: Array.from({ length: lanes }, (_, index) => ({ name: `lane${index}`, gpus: [index] })),
      knownDurations: known ? Object.fromEntries(seconds) : {},
    }),
  );
}

function ended(activities: StandInActivities, input: RunRepeatInput) {
  const lane = `bench/${input.lanes?.[0]?.name ?? 'none'}`;
  return { ...activities.complete(input), duration_s: seconds.get(input.namespace) ?? 1, lane };
}
