/**
 * Records the histories that `test/workflows/replay.test.ts` replays: `npx tsx test/server/record-histories.ts
 * [NAME…]`. Sessions run on a server of their own with stand-ins for every activity, so that no file holds a path or
 * name of a machine.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { execa } from 'execa';

import { startEmbeddedServer } from '../../src/worker/embedded-server.ts';
import { payloadConverterPath } from '../../src/worker/workflow-bundle.ts';
import { findTemporalCli } from '../../src/worker/server-record.ts';
import { type TestPlace, withOwnQueues, withSession } from './running-session.ts';
import { StandInActivities } from './stand-in-activities.ts';
import { sampleSessionPlan } from '../domain/session/sample-session-plan.ts';
import { type RecordedSession, recordedSessions } from './recorded-sessions.ts';

const here = fileURLToPath(new URL('../histories/', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'calib-histories-'));
Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
const server = await startEmbeddedServer({
  db: join(folder, 'temporal.db'),
  port: 0,
  uiPort: 0,
  env: process.env,
});
try {
  const { address } = server;
  const connection = await Connection.connect({ address });
  const nativeConnection = await NativeConnection.connect({ address });
  const place: TestPlace = {
    client: new Client({ connection, identity: 'client' }),
    nativeConnection,
    namespace: 'default',
    workflowQueue: 'calib-sessions',
  };
  const worker = await Worker.create({
    connection: nativeConnection,
    identity: 'worker',
    taskQueue: place.workflowQueue,
    workflowsPath: fileURLToPath(new URL('../../src/workflows/index.ts', import.meta.url)),
    dataConverter: { payloadConverterPath },
  });
  const wanted = process.argv.slice(2);
  await worker.runUntil(async () => {
    for (const [name, session] of Object.entries(recordedSessions)) {
      if (wanted.length === 0 || wanted.includes(name)) await record(name, session, { place, address });
    }
  });
  await nativeConnection.close();
  await connection.close();
} finally {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}

async function record(
  name: string,
  session: RecordedSession,
  { place, address }: { place: TestPlace; address: string },
): Promise<void> {
  const plan = withOwnQueues({
    ...sampleSessionPlan({ id: `20260423T050000Z_${name}`, ...session.plan }),
    search_attributes: true,
    ...session.change,
  });
  const activities = new StandInActivities(plan, session.script(plan));
  const runs = await withSession({ place, plan, activities, ...session.setting }, async (running) => {
    const { runId: first } = await running.handle.describe();
    await session.play(running, { place, address, plan, activities });
    await running.result();
    const { runId: last } = await running.handle.describe();
    return first === last ? [first] : [first, last];
  });
  for (const [index, runId] of runs.entries()) {
    const show = ['workflow', 'show', '--output', 'json', '--address', address];
    const { stdout } = await execa(findTemporalCli(process.env), [
      ...show,
      '--workflow-id',
      plan.session_id,
      '--run-id',
      runId,
    ]);
    const file = join(here, `${name}${runs.length > 1 ? `-${index + 1}` : ''}.json`);
    await writeFile(file, `${stdout}\n`);
    process.stdout.write(`${file}\n`);
  }
}
