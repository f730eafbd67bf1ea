#!/usr/bin/env node
/**
 * Checks calib on a real GPU, in under five minutes, and prints a table: what nvidia-smi shows, the launch gate open and closed
 * by memory that a process of its own holds, the lease of a lane, a session of a tiny suite that allocates on the GPU, and that
 * a process which a test leaves behind is ended. Needs the NVIDIA driver and what `npm run setup` needs. Nothing is left behind.
 *
 * Usage: node scripts/gpu-check.mjs [GPU index; default: the first that is free]
 */
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

import { main, start, StepFailed, stop } from './child-processes.mjs';
import { makeSuite, runSession, startUp } from './gpu-check/session.mjs';
import { root, setUp, venvPython } from './setup.mjs';

/** All checks together; what is left of it is the limit of each. */
const LIMIT_MS = 285_000;
/** More than the 2048 MiB up to which a GPU counts as free. */
const HELD_MIB = 2304;
/** What a driver may keep for itself after the last process has gone. */
const TOLERATED_MIB = 256;

/** The module that holds memory; another one where a test has no GPU. */
const memory = process.env.CALIB_GPU_CHECK_MEMORY || join(root, 'scripts/gpu-check/gpu_memory.py');
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'calib-gpu-check-')));
const rows = [];
let deadline = 0;

async function gpuCheck() {
  try {
    await setUp();
    deadline = performance.now() + LIMIT_MS;
    await checks(await library());
  } finally {
    const left = await removeAll();
    if (rows.length > 0) printTable(left);
  }
  if (rows.some(({ ok }) => !ok)) process.exitCode = 1;
}

/** The parts of calib that are asked directly, as they were built. */
async function library() {
  const [gpus, gate, lock] = await Promise.all(
    ['gpu/gpus.js', 'gpu/gpu-gate.js', 'lock/host-lock.js'].map(
      async (path) => await import(join(root, 'dist/host', path)),
    ),
  );
  return { ...gpus, ...gate, ...lock };
}

async function checks(lib) {
  const gpu = await check('inventory', async () => await inventory(lib));
  if (gpu === undefined) return;
  const gate = async (deadlineMs) =>
    await lib.waitForGpus({ indices: [gpu.index], deadlineMs, pollMs: 1000 });
  await check('gate open', async () => openText(await gate(20_000)));
  const holder = await check('gate closed', async () => await closedByHolder(gpu, gate));
  if (holder !== undefined) await stop(holder.child);
  await check('gate opens again', async () => openText(await gate(60_000)));
  await check('lane lease', async () => await leaseTwice(lib, gpu));
  await check('session', async () => await session(gpu));
  await check('clean-up', async () => await memoryIsBack(lib, gpu));
}

/** Runs one check and keeps its row; undefined when it failed. `detail` of its result, or the result itself, is shown. */
async function check(name, body) {
  const started = performance.now();
  const limit = new AbortController();
  const late = sleep(Math.max(deadline - started, 1000), null, { signal: limit.signal }).then(() => {
    throw new StepFailed('not finished within the five minutes of all checks');
  });
  const row = { name, ok: true, detail: '', seconds: 0 };
  rows.push(row);
  console.log(`gpu-check: ${name} …`);
  try {
    const result = await Promise.race([body(), late]);
    row.detail = typeof result === 'string' ? result : result.detail;
    return result;
  } catch (error) {
    row.ok = false;
    row.detail = error instanceof Error ? error.message : String(error);
    return undefined;
  } finally {
    limit.abort();
    late.catch(() => {});
    row.seconds = (performance.now() - started) / 1000;
  }
}

async function inventory({ readGpus, isFreeGpu, describeBlocker, formatBlocker }) {
  const reading = await readGpus();
  if (reading.kind !== 'gpus') throw new StepFailed(`${reading.message}; ${reading.remedy}`);
  const { gpus } = reading;
  const wanted = process.argv[2];
  const candidates = wanted === undefined ? gpus : gpus.filter(({ index }) => `${index}` === wanted);
  if (candidates.length === 0)
    throw new StepFailed(`nvidia-smi shows ${gpus.length} GPUs, none of them ${wanted ?? ''}`);
  const gpu = candidates.find(isFreeGpu);
  if (gpu === undefined) {
    const held = await Promise.all(
      candidates.map(async (each) => formatBlocker(await describeBlocker(each))),
    );
    throw new StepFailed(`no GPU is free: ${held.join(' | ')}`);
  }
  const all = gpus.map(({ index, name, totalMib }) => `${index}: ${name}, ${totalMib} MiB`).join('; ');
  return { ...gpu, detail: `${all}; used here: ${gpu.index}` };
}

function openText(gate) {
  if (gate.kind !== 'open') throw new StepFailed(gate.reason);
  return `open after ${(gate.waitedMs / 1000).toFixed(1)} s`;
}

/** A process of this check's own holds memory: the gate must see it, and name it where this container can. */
async function closedByHolder(gpu, gate) {
  const env = { ...process.env, CUDA_VISIBLE_DEVICES: gpu.uuid };
  const child = start(venvPython, [memory, `${HELD_MIB}`], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (said += text));
  const first = once(createInterface({ input: child.stdout }), 'line').then(([line]) => line);
  const line = await Promise.race([first, child.ended.then(() => null)]);
  if (line === null) throw new StepFailed(`no memory could be held: ${said.trim().split('\n').at(-1) ?? ''}`);
  const seen = await gate(3000);
  if (seen.kind === 'open') {
    await stop(child);
    throw new StepFailed(`the gate is open although ${HELD_MIB} MiB are held`);
  }
  const named = seen.blockers.flatMap(({ processes }) => processes).some(({ pid }) => pid === child.pid);
  return {
    child,
    detail: `${seen.reason}${named ? '' : ' (the holder is not named: another PID namespace?)'}`,
  };
}

async function leaseTwice({ acquireHostLock, laneResources }, gpu) {
  const resources = laneResources({ gpuUuids: [gpu.uuid], host: '', name: '' });
  const take = async (holder) => await acquireHostLock({ resources, holder });
  const first = await take('gpu-check, first');
  if (first.kind !== 'held') throw new StepFailed(`GPU ${gpu.index} is leased by: ${first.holder}`);
  const second = await take('gpu-check, second');
  await first.lease.release();
  if (second.kind !== 'busy') throw new StepFailed('a lane was leased twice');
  const third = await take('gpu-check, third');
  if (third.kind !== 'held') throw new StepFailed('a lease that was given back could not be taken');
  await third.lease.release();
  return `refused while held by "${second.holder}", taken afterwards`;
}

async function session(gpu) {
  const repository = await makeSuite(folder, memory);
  const up = await startUp(folder, gpu.index);
  try {
    const records = await runSession({ repository, env: up.env });
    for (const { gpu_uuids: uuids, left_behind: pid } of records) {
      if (!uuids.includes(gpu.uuid))
        throw new StepFailed(`a repeat ran on ${uuids.join(', ')}, not on ${gpu.uuid}`);
      if (isAlive(pid)) throw new StepFailed(`process ${pid}, which the test left behind, is still there`);
    }
    const rates = records.map(({ metrics }) => metrics.throughput_qps.toFixed(0)).join(' and ');
    return `${records.length} repeats of ${rates} fills of ${HELD_MIB} MiB a second; what the tests left behind was ended`;
  } finally {
    await stop(up.child);
  }
}

async function memoryIsBack({ readGpus }, before) {
  for (let look = 0; ; look += 1) {
    const reading = await readGpus();
    const gpu = reading.kind === 'gpus' ? reading.gpus.find(({ uuid }) => uuid === before.uuid) : undefined;
    const isBack =
      gpu !== undefined && gpu.usedMib <= before.usedMib + TOLERATED_MIB && gpu.processes.length === 0;
    if (isBack) return `${gpu.usedMib} MiB in use, ${before.usedMib} MiB before; no process`;
    if (look >= 20) throw new StepFailed(`${gpu?.usedMib ?? '?'} MiB in use, ${before.usedMib} MiB before`);
    await sleep(1000);
  }
}

/** Ends what still mentions the folder of this run, which nobody else knows, and removes it; gives what had to be ended. */
async function removeAll() {
  const left = processesIn(folder);
  for (const pid of left) kill(pid);
  for (let look = 0; look < 50 && processesIn(folder).length > 0; look += 1) await sleep(100);
  rmSync(folder, { recursive: true, force: true });
  return left;
}

function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It ended by itself a moment ago.
    if (error.code !== 'ESRCH') throw error;
  }
}

/** False also for one that has ended and that nobody has asked for: some containers have no first process that does. */
function isAlive(pid) {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

function processesIn(place) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => commandLine(pid).includes(place))
    .map(Number);
}

function commandLine(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

function printTable(left) {
  const detail = left.length === 0 ? 'no process, no file' : `${left.length} processes had to be ended`;
  rows.push({ name: 'nothing left', ok: left.length === 0 && !existsSync(folder), detail, seconds: 0 });
  const cells = rows.map(({ name, ok, seconds, detail: text }) => [
    name,
    ok ? 'ok' : 'FAILED',
    seconds.toFixed(1),
    text.replaceAll(/[\r\n|]+/g, ' / '),
  ]);
  const lines = [['check', 'result', 'seconds', 'detail'], ['---', '---', '---:', '---'], ...cells];
  console.log(`\n${lines.map((line) => `| ${line.join(' | ')} |`).join('\n')}`);
}

await main(gpuCheck, removeAll);
