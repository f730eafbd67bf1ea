import { spawn } from 'node:child_process';
import { copyFileSync, existsSync } from 'node:fs';

import { describe, expect, it, onTestFinished } from 'vitest';

import { runPaths } from '../../../src/host/run-directory/paths.ts';
import { until } from '../../fixtures/until.ts';
import { NAMESPACE, failureOf, measured, outcomeOf, repeatWorld } from '../../activities/repeat-world.ts';

const good = `${measured()}echo "$CUDA_VISIBLE_DEVICES" > "$WORLD/devices"; exit 0`;
const label = '[test_nova_ci] run 1/3 (2 stage(s), needs 1 GPU)';

/** A process of somebody else, called like a server of the suite. */
function foreignProcess() {
  const argv0 = 'sgl-omni serve, pytest tests/test_model';
  const child = spawn('sleep', ['60'], { argv0, stdio: 'ignore' });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return { pid: child.pid ?? 0, lives: () => child.exitCode === null && child.signalCode === null };
}

describe('the GPU gate of a launch', () => {
  it('launches on the lowest free GPUs, and shows pytest those alone', async () => {
    const world = await repeatWorld({ gpus: 2 });
    world.gpus(0, 90_000, 2048, 0, 0, 0, 0, 0);
    world.steps(good);
    expect(outcomeOf(await world.run())).toMatchObject({ kind: 'complete', lane: 'host-a/gpu0,2' });
    expect([world.read('devices'), world.observation('nova_speed')]).toMatchObject([
      '0,2\n',
      { gpu_indices: [0, 2], gpu_uuids: ['GPU-0', 'GPU-2'], host: 'host-a' },
    ]);
  });

  it('takes only GPUs that this worker may use', async () => {
    const world = await repeatWorld({ gpus: 2, deps: { gpus: [1, 3] } });
    world.gpus(0, 0, 0, 0);
    world.steps(good);
    expect(outcomeOf(await world.run())).toMatchObject({ lane: 'host-a/gpu1,3' });
  });

  it('waits for a foreign process, naming it, and never ends it', async () => {
    const world = await repeatWorld({ gpus: 1 });
    const foreign = foreignProcess();
    world.gpus(70_000);
    world.onGpu({ gpu: 0, pid: foreign.pid });
    world.steps(good);
    const attempt = world.start();
    const named = `GPU 0: 70000 MiB (limit 2048), pid ${foreign.pid} (`;
    await until(() => attempt.beats.some(({ state, text }) => state === 'waiting' && text.includes(named)));
    world.onGpu();
    world.gpus(0);
    expect(outcomeOf(await attempt.result)).toMatchObject({ kind: 'complete' });
    expect([foreign.lives(), world.runLog().includes(`waiting 0s: need 1 GPU(s): ${named}`)]).toEqual([
      true,
      true,
    ]);
  });

  it('says so when memory has no visible holder', async () => {
    const world = await repeatWorld({ gpus: 1 });
    world.gpus(80_000);
    world.steps(good);
    const attempt = world.start();
    await until(() => attempt.beats.some(({ text }) => text.includes('no visible process holds it')));
    world.gpus(0);
    expect(outcomeOf(await attempt.result)).toMatchObject({ kind: 'complete' });
  });

  it('costs an attempt and records nothing when it stays closed', async () => {
    const world = await repeatWorld({ gpus: 1, policies: { gpu_wait_s: 0.05 } });
    world.gpus(70_000);
    world.steps('touch "$WORLD/launched"; exit 0');
    expect(failureOf(await world.run())).toMatch(
      /^InfraFailure: .*launch gate failed: need 1 GPU\(s\): GPU 0: 70000 MiB/,
    );
    expect([await world.attempts(), world.observation('nova_speed'), world.exists('launched')]).toMatchObject(
      [[{ n: 1, outcome: 'infra', duration_s: 0, gpus: [], notes: ['no pytest was launched'] }], null, false],
    );
  });

  it('gives up with its reason when the budget is spent on a closed gate', async () => {
    const world = await repeatWorld({ gpus: 1, policies: { gpu_wait_s: 0.05, attempts_per_pass: 2 } });
    world.gpus(70_000);
    await world.run();
    expect(outcomeOf(await world.run())).toMatchObject({
      kind: 'exhausted',
      reason: expect.stringContaining('launch gate failed'),
      cells: {},
      launches: 2,
    });
  });

  it('does not read old artifacts when the gate fails after a purge', async () => {
    const world = await repeatWorld({ gpus: 1, policies: { gpu_wait_s: 0.05, attempts_per_pass: 1 } });
    world.steps(good);
    await world.run();
    await world.purge('purge-1');
    world.gpus(70_000);
    expect(outcomeOf(await world.run({ reextract: true }))).toMatchObject({ kind: 'exhausted', cells: {} });
    expect(world.observation('nova_speed')).toBeNull();
  });

  it('looks once more right before the launch, and waits on when a GPU has filled', async () => {
    const world = await repeatWorld({ gpus: 1, deps: { timing: { gatePollMs: 20, recheckMs: 300 } } });
    world.gpus(0);
    world.steps(good);
    const attempt = world.start();
    // Made after the lane was leased at the first look, and before the second.
    await until(() => existsSync(runPaths.launch(world.runDir, NAMESPACE, 1, 1)));
    world.gpus(50_000);
    await until(() => attempt.beats.some(({ text }) => text.includes('50000 MiB')));
    expect(world.exists('devices')).toBe(false);
    world.gpus(0);
    expect(outcomeOf(await attempt.result)).toMatchObject({ kind: 'complete' });
  });

  it.each([
    ['fails', 'fail', 'NVRM: driver mismatch', 'NVRM: driver mismatch'],
    ['prints something else', 'gpus.csv', 'Unable to determine\n', 'printed something else'],
  ])('reports an nvidia-smi that %s as an infra failure', async (_case, file, text, message) => {
    const world = await repeatWorld({ gpus: 1, policies: { gpu_wait_s: 0.05 } });
    world.put(file, text);
    expect(failureOf(await world.run())).toMatch(new RegExp(`^InfraFailure: .*${message}`));
  });

  it('reports an nvidia-smi that hangs as an infra failure, and waits for it no longer than that', async () => {
    const world = await repeatWorld({
      gpus: 1,
      policies: { gpu_wait_s: 0.05 },
      deps: { timing: { driverAnswerMs: 300 } },
    });
    world.put('hang', '');
    expect(failureOf(await world.run())).toMatch(/^InfraFailure: .*gave no answer within 0\.3 s/);
  });

  it('fails at once, with what there is, when the host has too few GPUs', async () => {
    const world = await repeatWorld({ gpus: 4 });
    world.gpus(0, 0);
    expect(failureOf(await world.run())).toMatch(/need 4 GPU\(s\), nvidia-smi shows 0, 1$/);
  });

  it('fails when the GPUs are not given back after the run', async () => {
    const world = await repeatWorld({ gpus: 1, policies: { gpu_wait_s: 0.2 } });
    world.put('full.csv', '0, GPU-0, H20, 60000, 97871\n');
    world.gpus(0);
    world.steps(`cp "$WORLD/full.csv" "$WORLD/gpus.csv"; ${good}`);
    expect(failureOf(await world.run())).toBe(`InfraFailure: ${label}: GPU memory not released after run`);
    const note = expect.stringContaining('GPU 0: 60000 MiB') as string;
    expect(await world.attempts()).toMatchObject([{ outcome: 'infra', notes: [note] }]);
  });

  it('tells in run.log what the gate found', async () => {
    const world = await repeatWorld({ gpus: 1 });
    world.gpus(17);
    world.steps(good);
    await world.run();
    const lines = world.milestones().map((line) => line.replace(/\d+s$/, 'Ns'));
    expect(lines.slice(4, 6)).toEqual([
      `${label} launch gate: GPU ready {0: 17} MiB (each <= 2048) after Ns`,
      `${label} using lane host-a/gpu0, GPU(s) [0] (CUDA_VISIBLE_DEVICES=0), attempt 1`,
    ]);
  });
});

describe("a dedicated host's own clean-up", () => {
  it('runs on the lane alone, before and after the run, and frees a busy GPU', async () => {
    const world = await repeatWorld({ gpus: 1, cleanupScript: 'clean.sh' });
    world.write(
      'clean.sh',
      '#!/bin/sh\necho "$CUDA_VISIBLE_DEVICES" >> "$WORLD/cleaned"; cp "$WORLD/free.csv" "$WORLD/gpus.csv"\n',
    );
    world.chmod('clean.sh');
    world.git('add', '-A');
    world.git('commit', '-q', '-m', 'clean');
    await world.replan();
    world.gpus(0, 0);
    copyFileSync(world.path('gpus.csv'), world.path('free.csv'));
    world.gpus(70_000, 70_000);
    world.steps(good);
    expect(outcomeOf(await world.run())).toMatchObject({ kind: 'complete', lane: 'host-a/gpu0' });
    expect(world.read('cleaned')).toBe('0\n0\n');
  });

  it('is not run where nobody opted in', async () => {
    const world = await repeatWorld({ gpus: 1 });
    world.steps(good);
    await world.run();
    expect(world.exists('cleaned')).toBe(false);
  });

  it('reports a script that fails, and goes by the GPUs', async () => {
    const world = await repeatWorld({ gpus: 1, cleanupScript: '/bin/false' });
    world.steps(good);
    expect(outcomeOf(await world.run())).toMatchObject({ kind: 'complete' });
    expect(world.runLog()).toContain('⚠ GPU clean-up: /bin/false ended with code 1');
  });
});

describe('lanes of one host', () => {
  it('never gives one GPU to two repeats, whoever asks', async () => {
    const world = await repeatWorld({ gpus: 1 });
    world.gpus(0, 0);
    world.steps(`echo "$CUDA_VISIBLE_DEVICES" >> "$WORLD/lanes"; await "$WORLD/go"; ${measured()}exit 0`);
    const attempts = [world.start({ repeat: 1 }), world.start({ repeat: 2 }), world.start({ repeat: 3 })];
    await until(() => world.read('lanes').split('\n').length === 3);
    await until(() => attempts.some(({ beats }) => beats.some(({ text }) => text.includes('leased to'))));
    expect(world.read('lanes').trim().split('\n').toSorted()).toEqual(['0', '1']);
    world.put('go', '');
    const outcomes = await Promise.all(attempts.map(async ({ result }) => outcomeOf(await result).kind));
    expect(outcomes).toEqual(['complete', 'complete', 'complete']);
  });

  it('keeps another process away from a GPU in use, and tells it whose it is', async () => {
    const world = await repeatWorld({ gpus: 1 });
    world.gpus(0);
    world.steps(`echo x >> "$WORLD/runs"; await "$WORLD/go"; ${measured()}exit 0`);
    const first = world.start({ repeat: 1 });
    await until(() => world.read('runs') !== '');
    const second = world.otherWorker({ repeat: 2 });
    await until(() => second.said().includes('waiting'));
    const holder = 'GPU 0: leased to session 20260423T050000Z_nova, test_nova_ci, repeat 1';
    await until(() => world.runLog().includes(holder));
    expect(world.read('runs')).toBe('x\n');
    world.put('go', '');
    await second.gone;
    expect([outcomeOf(await first.result).kind, second.said()]).toEqual([
      'complete',
      expect.stringContaining('returned complete'),
    ]);
  });

  it('runs suites without GPUs one at a time on a lane, without asking nvidia-smi', async () => {
    const world = await repeatWorld({ gpus: 0 });
    world.put('fail', 'no driver here');
    world.steps(`echo x >> "$WORLD/runs"; await "$WORLD/go"; ${measured()}exit 0`);
    const attempts = [world.start({ repeat: 1 }), world.start({ repeat: 2 })];
    await until(() => world.read('runs') !== '');
    await until(() => attempts.some(({ beats }) => beats.some(({ text }) => text.includes('no lane'))));
    expect(world.read('runs')).toBe('x\n');
    world.put('go', '');
    for (const { result } of attempts) expect(outcomeOf(await result).kind).toBe('complete');
  });

  it.each([0, 1])('costs no attempt to wait for other runs of calib (%i GPUs)', async (gpus) => {
    const world = await repeatWorld({ gpus });
    world.gpus(0);
    world.steps(`echo x >> "$WORLD/runs"; await "$WORLD/go"; ${measured()}exit 0`);
    const other = world.start({ repeat: 2 });
    await until(() => world.read('runs') !== '');
    world.limitWait(0.05);
    const first = await world.run({ repeat: 1 });
    expect([first, await world.attempts()]).toMatchObject([
      { kind: 'threw', failure: { type: 'RepeatBusy', message: expect.stringContaining('repeat 2') } },
      [],
    ]);
    world.put('go', '');
    await other.result;
  });

  it('runs as many of them at a time as the worker has lanes', async () => {
    const world = await repeatWorld({ gpus: 0, deps: { lanes: 2 } });
    world.steps(`echo x >> "$WORLD/runs"; await "$WORLD/go"; ${measured()}exit 0`);
    const attempts = [world.start({ repeat: 1 }), world.start({ repeat: 2 })];
    await until(() => world.read('runs') === 'x\nx\n');
    world.put('go', '');
    const lanes = await Promise.all(attempts.map(async ({ result }) => outcomeOf(await result).lane));
    expect(new Set(lanes)).toEqual(new Set(['host-a/cpu0', 'host-a/cpu1']));
  });

  it('lets one attempt of a repeat alone launch and write', async () => {
    const world = await repeatWorld();
    world.steps(`echo x >> "$WORLD/runs"; await "$WORLD/go"; ${measured()}exit 0`);
    const first = world.start();
    await until(() => world.read('runs') !== '');
    const second = await world.run();
    expect(second).toMatchObject({ kind: 'threw', failure: { type: 'RepeatBusy', nextRetryDelay: 10 } });
    world.put('go', '');
    expect(outcomeOf(await first.result)).toMatchObject({ kind: 'complete', launches: 1 });
    expect(world.read('runs')).toBe('x\n');
  });
});
