import { mkdtemp, readFile, readdir, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Client, Connection } from '@temporalio/client';
import { toPayloads, defaultPayloadConverter } from '@temporalio/common';
import proto from '@temporalio/proto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';

import { type EmbeddedServer, serverTuning, startEmbeddedServer } from '../../src/worker/embedded-server.ts';
import { findRunningServer } from '../../src/worker/server-record.ts';

let dir: string;
let db: string;
let server: EmbeddedServer;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'calib-server-'));
  db = join(dir, 'temporal.db');
  server = await startEmbeddedServer({ db, port: 0, uiPort: 0, env: process.env });
});

afterAll(async () => {
  await server.stop();
  await rm(dir, { recursive: true, force: true });
});

/** Local addresses in hex, as `/proc/net/tcp` writes them, of all sockets on which a process listens. */
async function listeningAddresses(pid: number): Promise<string[]> {
  const links = await Promise.all(
    (await readdir(`/proc/${pid}/fd`)).map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')),
  );
  const inodes = new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((name) => readFile(`/proc/${pid}/net/${name}`, 'utf8').catch(() => '')),
  );
  const listening = '0A';
  return tables
    .flatMap((table) => table.trim().split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === listening && inodes.has(fields[9] ?? ''))
    .map((fields) => fields[1]?.split(':')[0] ?? '');
}

test('server and Web UI listen on 127.0.0.1 only, whatever else the server opens', async () => {
  const running = await findRunningServer(db);
  const addresses = await listeningAddresses(running?.process.pid ?? 0);
  expect(addresses.length).toBeGreaterThanOrEqual(2);
  expect(addresses.filter((address) => address !== '0100007F')).toEqual([]);
});

test('the Web UI answers as soon as the server is said to be ready', async () => {
  expect((await fetch(server.ui)).status).toBe(200);
});

test('a second start on the same database takes the running server over', async () => {
  const second = await startEmbeddedServer({ db, port: 0, uiPort: 0, env: process.env });
  expect(second).toMatchObject({ adopted: true, address: server.address, ui: server.ui });
});

test('the database of a local disk is kept with a write-ahead log, for which no step of a session waits long', async () => {
  expect(await readdir(dir)).toContain('temporal.db-wal');
});

const answered = proto.temporal.api.enums.v1.QueryResultType.QUERY_RESULT_TYPE_ANSWERED;

/** Stands for the worker of one task queue: takes its next step, does nothing in it and answers every question. */
async function takeStep(connection: Connection, taskQueue: string): Promise<() => Promise<void>> {
  const { workflowService } = connection;
  const task = await connection.withDeadline(Date.now() + 60_000, () =>
    workflowService.pollWorkflowTaskQueue({ namespace: 'default', taskQueue: { name: taskQueue } }),
  );
  const { taskToken } = task;
  const answer = { payloads: toPayloads(defaultPayloadConverter, 'calibrating') ?? [] };
  return async () => {
    if (task.query != null) {
      const completed = { taskToken, completedType: answered, queryResult: answer };
      await workflowService.respondQueryTaskCompleted(completed);
      return;
    }
    const queryResults = Object.fromEntries(
      Object.keys(task.queries ?? {}).map((id) => [id, { resultType: answered, answer }]),
    );
    await workflowService.respondWorkflowTaskCompleted({ taskToken, queryResults });
  };
}

/** Until the connection is closed. */
async function takeSteps(connection: Connection, taskQueue: string): Promise<void> {
  try {
    for (;;) await (await takeStep(connection, taskQueue))();
  } catch {
    // Closed while it waits for a step.
  }
}

test('questions that come while a session is busy wait together, none is sent away', async () => {
  // Without the client's own repetition, which would hide a refusal behind seconds of waiting.
  const connection = await Connection.connect({ address: server.address, interceptors: [] });
  try {
    const taskQueue = 'asked-at-once';
    const { workflow } = new Client({ connection });
    const handle = await workflow.start('asked', { workflowId: taskQueue, taskQueue });
    await (
      await takeStep(connection, taskQueue)
    )();
    await handle.signal('news');
    const finishStep = await takeStep(connection, taskQueue);
    const asked = Array.from({ length: 10 }, () => handle.query('state'));
    const outcomes = Promise.allSettled(asked);
    await finishStep();
    void takeSteps(connection, taskQueue);
    expect((await outcomes).filter(({ status }) => status === 'rejected')).toEqual([]);
    await handle.terminate();
  } finally {
    await connection.close();
  }
});

test('a server of its own is set as the embedded one is', async () => {
  const file = new URL('../../deploy/temporal/dynamic-config.yaml', import.meta.url);
  const settings = parse(await readFile(file, 'utf8')) as unknown;
  expect(settings).toEqual(
    Object.fromEntries(Object.entries(serverTuning).map(([name, value]) => [name, [{ value }]])),
  );
});
