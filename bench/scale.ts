import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';

import { Client, Connection, type WorkflowHandle, WorkflowUpdateFailedError } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';

import type { SessionActivities } from '../src/activities/activity-types.ts';
import {
  historyEventsLimit,
  type SessionPlan,
  sessionPlanSchema,
} from '../src/domain/session/session-plan.ts';
import { createWorkflowWorker } from '../src/worker/create-workflow-worker.ts';
import { freePort, startEmbeddedServer } from '../src/worker/embedded-server.ts';
import { pollCounts } from '../src/worker/run-worker.ts';
import { workflowSource } from '../src/worker/workflow-bundle.ts';
import {
  calibrateWorkflowType,
  commandSignals,
  planQuery,
  stateQuery,
  statusQuery,
  strictAuditQuery,
  unitsQuery,
  workflowTaskQueue,
} from '../src/workflows/messages.ts';
import { figure } from './figure.ts';
import { printMachine } from './machine.ts';
import { serverLatency } from './server-latency.ts';

/**
 * A session of 200 units × 50 repeats with instant stand-in repeats on the embedded server: event counts, query
 * latencies as the asking client sees them and by the server's own metric (all queries together), memory, and whether
 * commands sent all along arrive exactly once across every continue-as-new.
 *
 *   npm run setup && npx tsx bench/scale.ts [units] [repeats] [lanes]
 */
const [units = 200, repeats = 50, lanes = 4] = process.argv.slice(2).map(Number);
const sessionId = '20260101T000000Z_scale';
const queryAimMs = 50;

const plan: SessionPlan = sessionPlanSchema.parse({
  schema: 'calib.session/1',
  session_id: sessionId,
  label: 'scale',
  model: 'scale',
  repeats,
  git_sha: 'a'.repeat(40),
  git_branch: 'main',
  dirty: false,
  tree_fingerprint: 'f'.repeat(64),
  repo_root: '/srv/suite',
  run_dir: `/srv/suite/.tune-runs/${sessionId}`,
  host: null,
  hostname: 'bench',
  venv_python: '/srv/venv/bin/python',
  venv_source: 'bench',
  catalog_dir: '/srv/catalog',
  stages_yaml: '/srv/catalog/models/scale/stages.yaml',
  stages_yaml_sha256: 'b'.repeat(64),
  file_sha256: {},
  environment: {},
  task_queues: { home: 'scale-home', repeats: 'scale-repeats' },
  units: Array.from({ length: units }, (_, index) => ({
    namespace: `test_case_${index}`,
    test: `tests/test_case_${index}.py`,
    env: {},
    gpus: 0,
    stages: [`case_${index}_wer`],
  })),
  stages: Array.from({ length: units }, (_, index) => ({
    key: `case_${index}_wer`,
    title: `Case ${index}`,
    group: 'wer',
    metrics: ['wer_max_corpus'],
    expected_samples: 50,
  })),
  policies: {},
  lanes,
  precheck: { skip: true, skip_version_check: false },
  search_attributes: true,
  continue_as_new_events: historyEventsLimit,
  calib_version: 'bench',
});

/** What the stand-ins saw. */
const seen = { repeats: 0, discards: new Map<string, number>() };

const activities: SessionActivities = {
  openSession: async () => ({
    cells: Object.fromEntries(
      plan.stages.map(({ key }) => [key, Array.from({ length: repeats }, () => missing)]),
    ),
    provenance: { missing_sha: [], mismatches: [], altered: [] },
  }),
  precheck: async () => ({ ok: true, errors: [], warnings: [] }),
  runRepeat: async ({ namespace }) => {
    seen.repeats += 1;
    const stage = `${namespace.replace('test_', '')}_wer`;
    return {
      kind: 'complete',
      cells: { [stage]: { symbol: '✓', reason: '' } },
      launches: 1,
      duration_s: 1,
      lane: 'bench/cpu',
    };
  },
  discardRepeat: async ({ command_id }) => {
    seen.discards.set(command_id, (seen.discards.get(command_id) ?? 0) + 1);
  },
  syncSession: () => Promise.reject(new Error('nothing halts here')),
  writeReport: async () => ({ kind: 'written', report: '/srv/report.md', html: '/srv/report.html' }),
  applyThresholds: async () => ({ kind: 'applied', edits: 0, summary: [] }),
  logMilestones: async () => undefined,
};
const missing = { symbol: '—', reason: 'missing file' } as const;

interface Latencies {
  [query: string]: number[];
}

async function timed(latencies: Latencies, name: string, query: () => Promise<unknown>): Promise<void> {
  const started = performance.now();
  await query();
  (latencies[name] ??= []).push(performance.now() - started);
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Asks and commands all along until the decision is due; gives the ids of the purges that were accepted. */
async function disturb(handle: WorkflowHandle, latencies: Latencies, memory: number[]): Promise<string[]> {
  const accepted: string[] = [];
  for (let round = 0; ; round += 1) {
    await timed(latencies, 'status', () => handle.query(statusQuery));
    await timed(latencies, 'strict-audit', () => handle.query(strictAuditQuery));
    await timed(latencies, 'units', () => handle.query(unitsQuery));
    await timed(latencies, 'plan and state at once', () =>
      Promise.all([handle.query(planQuery), handle.query(stateQuery)]),
    );
    memory.push(process.memoryUsage().rss);
    const { phase, marks } = await handle.query(stateQuery);
    if (phase.kind === 'awaiting_decision') return accepted;
    await handle.signal(commandSignals.pause, { id: `pause-${round}` });
    await handle.signal(commandSignals.resume, { id: `resume-${round}` });
    const done = plan.units.find(({ namespace }) => marks[namespace]?.startsWith('d'));
    if (done === undefined || round % 5 !== 0) continue;
    const id = `purge-${round}`;
    try {
      await handle.executeUpdate('purge', {
        args: [{ id, test: done.test, repeat: 1, reason: 'bench' }],
      });
      accepted.push(id);
    } catch (error) {
      if (!(error instanceof WorkflowUpdateFailedError)) throw error;
    }
  }
}

/** Mean number of processes that wanted to run, over the last 1, 5 and 15 minutes. */
function load(): string {
  return loadavg()
    .map((mean) => mean.toFixed(1))
    .join(' ');
}

async function historyOf(client: Client): Promise<{ runs: number; events: number; longest: number }> {
  let [runs, events, longest] = [0, 0, 0];
  const query = `WorkflowId = '${sessionId}'`;
  for await (const { historyLength } of client.workflow.list({ query })) {
    runs += 1;
    events += historyLength;
    longest = Math.max(longest, historyLength);
  }
  return { runs, events, longest };
}

Runtime.install({ logger: new DefaultLogger('ERROR') });
printMachine();
const folder = await mkdtemp(join(tmpdir(), 'calib-scale-'));
const metricsPort = await freePort(0);
const server = await startEmbeddedServer({
  db: join(folder, 'temporal.db'),
  port: 0,
  uiPort: 0,
  metricsPort,
  env: process.env,
});
const native = await NativeConnection.connect({ address: server.address });
const connection = await Connection.connect({ address: server.address });
const client = new Client({ connection });
const workers = await Promise.all([
  createWorkflowWorker({
    connection: native,
    taskQueue: workflowTaskQueue,
    ...workflowSource({ encrypted: false }),
    ...pollCounts.workflows,
  }),
  Worker.create({ connection: native, taskQueue: plan.task_queues.home, activities, ...pollCounts.home }),
  Worker.create({
    connection: native,
    taskQueue: plan.task_queues.repeats,
    activities,
    maxConcurrentActivityTaskExecutions: lanes,
    ...pollCounts.repeats,
  }),
]);
const running = Promise.all(workers.map((worker) => worker.run()));
try {
  const started = performance.now();
  const handle = await client.workflow.start(calibrateWorkflowType, {
    workflowId: sessionId,
    taskQueue: workflowTaskQueue,
    args: [{ plan }],
  });
  const latencies: Latencies = {};
  const memory: number[] = [];
  const accepted = await disturb(client.workflow.getHandle(sessionId), latencies, memory);
  const seconds = (performance.now() - started) / 1000;
  const atServer = await serverLatency(metricsPort, 'QueryWorkflow');
  await client.workflow.getHandle(sessionId).executeUpdate('apply', { args: [{ mode: 'report' }] });
  const result = await handle.result();
  const { runs, events, longest } = await historyOf(client);
  const exactlyOnce = accepted.every((id) => seen.discards.get(id) === 1);
  console.log(`${units} units x ${repeats} repeats, ${lanes} lanes: ${seconds.toFixed(1)} s, load ${load()}`);
  figure({ name: `${units} units x ${repeats} repeats`, value: seconds, unit: 's', aim: null });
  figure({ name: 'longest history', value: longest, unit: 'events', aim: null });
  console.log(`repeats run: ${seen.repeats} = ${units * repeats} + ${accepted.length} purged and run again`);
  console.log(`workflow runs: ${runs}, events: ${events} (longest history ${longest})`);
  for (const [name, values] of Object.entries(latencies)) {
    const [p50, p95] = [percentile(values, 0.5), percentile(values, 0.95)];
    // The aim is the server's; the client's time has the wait for this busy process in it.
    figure({ name: `query ${name} as its client sees it, p95`, value: p95, unit: 'ms', aim: null });
    console.log(`query ${name}: p50 ${p50.toFixed(1)} ms, p95 ${p95.toFixed(1)} ms at the client`);
  }
  const { count, p95AtMostMs } = atServer;
  figure({ name: 'all queries at the server, p95 at most', value: p95AtMostMs, unit: 'ms', aim: queryAimMs });
  console.log(
    `${count} queries at the server: p95 at most ${p95AtMostMs} ms, ` +
      `${(atServer.shareWithin(queryAimMs) * 100).toFixed(1)} % within ${queryAimMs} ms`,
  );
  const mib = memory.map((bytes) => bytes / 1024 / 1024);
  console.log(
    `worker memory: ${percentile(mib.slice(0, 20), 0.5).toFixed(0)} MiB at first, ` +
      `${percentile(mib.slice(-20), 0.5).toFixed(0)} MiB at the end, ${Math.max(...mib).toFixed(0)} MiB at most`,
  );
  console.log(
    `purges ${accepted.length}, each carried out exactly once: ${exactlyOnce}; result: ${JSON.stringify(result)}`,
  );
  if (!exactlyOnce || seen.repeats !== units * repeats + accepted.length) process.exitCode = 1;
} finally {
  await client.workflow
    .getHandle(sessionId)
    .executeUpdate('abort')
    .catch(() => undefined);
  for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  await running;
  await connection.close();
  await native.close();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}
