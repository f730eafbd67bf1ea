import { chmodSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import type { RunRepeatInput } from '../../../src/activities/activity-types.ts';
import { formatCpuList, type Lane } from '../../../src/domain/lanes/lanes.ts';
import { usableCpus } from '../../../src/host/process/cpu-affinity.ts';
import { until } from '../../fixtures/until.ts';
import {
  type RepeatWorld,
  failureOf,
  measured,
  outcomeOf,
  repeatWorld,
} from '../../activities/repeat-world.ts';

const pair = (name: string, first: number): Lane => ({ name, gpus: [first, first + 1] });
const fourLanes: Lane[] = [pair('lane0', 0), pair('lane1', 2), pair('lane2', 4), pair('lane3', 6)];
const good = `${measured()}exit 0`;
const holding = `echo "$CUDA_VISIBLE_DEVICES" >> "$WORLD/devices"; await "$WORLD/go"; ${good}`;

async function eightGpus(options: Parameters<typeof repeatWorld>[0] = {}): Promise<RepeatWorld> {
  const world = await repeatWorld({ gpus: 1, ...options });
  world.gpus(0, 0, 0, 0, 0, 0, 0, 0);
  world.steps(good);
  return world;
}

const from = (first: number, ...others: number[]): Partial<RunRepeatInput> => ({
  lanes: [first, ...others].flatMap((index) => fourLanes[index] ?? []),
});

describe('a repeat on declared lanes', () => {
  it('takes the preferred one, the lowest of its GPUs, and records it', async () => {
    const world = await eightGpus();
    expect(outcomeOf(await world.run(from(2, 0)))).toMatchObject({
      kind: 'complete',
      lane: 'host-a/lane2',
      tries: [{ lane: 'lane2', failed: false, dirty: false }],
    });
    expect(await world.attempts()).toMatchObject([{ lane: 'host-a/lane2', gpus: [4], gpu_uuids: ['GPU-4'] }]);
  });

  it('takes another one where the preferred one is leased or its GPUs are busy', async () => {
    const world = await eightGpus();
    world.steps(holding);
    const first = world.start({ repeat: 1, ...from(0) });
    await until(() => world.read('devices') !== '');
    world.gpus(0, 0, 70_000, 0, 0, 0, 0, 0);
    const second = world.start({ repeat: 2, ...from(0, 1, 3) });
    await until(() => world.read('devices').split('\n').length === 3);
    expect(world.read('devices')).toBe('0\n6\n');
    world.put('go', '');
    expect([outcomeOf(await first.result).lane, outcomeOf(await second.result).lane]).toEqual([
      'host-a/lane0',
      'host-a/lane3',
    ]);
  });

  it('holds the whole lane: nobody else gets at its other GPU, with lanes or without', async () => {
    const world = await eightGpus();
    world.steps(holding);
    const first = world.start({ repeat: 1, ...from(0) });
    await until(() => world.read('devices') !== '');
    const overlapping = world.start({ repeat: 2, lanes: [{ name: 'other', gpus: [1] }] });
    await until(() => overlapping.beats.some(({ text }) => text.includes('lane other: leased to session')));
    const anywhere = world.start({ repeat: 3 }, { gpus: [0, 1, 2] });
    await until(() => world.read('devices').split('\n').length === 3);
    expect(world.read('devices')).toBe('0\n2\n');
    world.put('go', '');
    for (const { result } of [first, overlapping, anywhere]) {
      expect(outcomeOf(await result)).toMatchObject({ kind: 'complete' });
    }
  });

  it('tries a lane last on which it has failed in this pass', async () => {
    const world = await eightGpus();
    world.steps('kill -SEGV $$');
    expect(failureOf(await world.run(from(0, 1)))).toContain('InfraFailure');
    world.steps(good);
    expect(outcomeOf(await world.run(from(0, 1)))).toMatchObject({
      kind: 'complete',
      lane: 'host-a/lane1',
      tries: [
        { n: 1, lane: 'lane0', failed: true, dirty: false },
        { n: 2, lane: 'lane1', failed: false, dirty: false },
      ],
    });
  });

  it('says so when a run does not give the GPUs of its lane back', async () => {
    const world = await eightGpus({ policies: { gpu_wait_s: 0.2, attempts_per_pass: 1 } });
    world.steps(`echo '0, GPU-0, H20, 70000, 97871' > "$WORLD/gpus.csv"; ${good}`);
    expect(outcomeOf(await world.run(from(0)))).toMatchObject({
      tries: [{ lane: 'lane0', failed: true, dirty: true, reason: 'GPU memory not released after run' }],
    });
  });

  it('gives up at once on lanes that this machine or this worker does not have', async () => {
    const world = await eightGpus({ policies: { attempts_per_pass: 1 } });
    const lanes = [{ name: 'far', gpus: [8] }, ...(from(3).lanes ?? [])];
    expect(outcomeOf(await world.run({ lanes }, { gpus: [0, 1] }))).toMatchObject({
      kind: 'exhausted',
      reason: expect.stringMatching(
        /lane far: nvidia-smi shows no GPU 8.*lane lane3: this worker may not use GPU 6, 7/,
      ),
    });
  });

  it('needs no driver for a suite without GPUs, and shares the lane with nobody', async () => {
    const world = await eightGpus({ gpus: 0 });
    world.put('fail', 'no driver here');
    world.steps(holding);
    const first = world.start({ repeat: 1, ...from(0) });
    await until(() => world.read('devices') !== '');
    const second = world.start({ repeat: 2, ...from(0) });
    await until(() => second.beats.some(({ text }) => text.includes('lane lane0: leased to')));
    world.put('go', '');
    expect([outcomeOf(await first.result).lane, outcomeOf(await second.result).lane]).toEqual([
      'host-a/lane0',
      'host-a/lane0',
    ]);
  });

  it('is taken over with its lane by the next worker', async () => {
    const world = await eightGpus();
    world.steps(holding);
    const other = world.otherWorker(from(1));
    await until(() => world.read('devices') !== '');
    await other.kill();
    const adopting = world.start(from(0, 1));
    await until(() => world.runLog().includes('goes on, adopted'));
    const waiting = world.start({ repeat: 2, ...from(1) });
    await until(() => waiting.beats.some(({ text }) => text.includes('lane lane1: leased to')));
    world.put('go', '');
    expect(outcomeOf(await adopting.result)).toMatchObject({ kind: 'complete', lane: 'host-a/lane1' });
    expect(outcomeOf(await waiting.result)).toMatchObject({ kind: 'complete' });
  });
});

describe('two sessions on a host of eight GPUs', () => {
  it('never overlap on a GPU, and both keep their lanes busy', async () => {
    const one = await eightGpus();
    const two = await eightGpus();
    // One machine: the second session's world asks the same driver in the same lease scope.
    const shared = [one, two] as const;
    const steps = (world: RepeatWorld) =>
      world.steps(`
for gpu in $(echo "$CUDA_VISIBLE_DEVICES" | tr ',' ' '); do mkdir "${one.folder}/gpu$gpu" || echo "$gpu" >> "${one.folder}/overlaps"; done
echo x >> "$WORLD/began"; await "$WORLD/go"
for gpu in $(echo "$CUDA_VISIBLE_DEVICES" | tr ',' ' '); do rmdir "${one.folder}/gpu$gpu"; done
${good}`);
    shared.forEach(steps);
    const overlapping: Lane[] = [
      { name: 'a', gpus: [3, 4] },
      { name: 'b', gpus: [0, 7] },
      { name: 'c', gpus: [1, 2] },
      { name: 'd', gpus: [5, 6] },
    ];
    const first = [1, 2].map((repeat) => one.start({ repeat, ...from(repeat - 1, 0, 1, 2, 3) }));
    await until(() => one.read('began') === 'x\nx\n');
    // GPUs 0 to 3 are taken: of the second session's lanes only d is free.
    const second = [1, 2].map((repeat) => two.start({ repeat, lanes: overlapping }));
    await until(() => two.read('began') === 'x\n');
    await until(() =>
      second.some(({ beats }) => beats.some(({ text }) => text.includes('leased to session'))),
    );
    one.put('go', '');
    await until(() => two.read('began') === 'x\nx\n');
    two.put('go', '');
    const ends = await Promise.all(
      [...first, ...second].map(async ({ result }) => outcomeOf(await result).kind),
    );
    expect(ends).toEqual(['complete', 'complete', 'complete', 'complete']);
    expect(one.read('overlaps')).toBe('');
  });
});

describe('the CPUs and caches of a lane', () => {
  it('bind everything that a repeat starts', async () => {
    const world = await eightGpus();
    const usable = (await usableCpus()) ?? [];
    const cpus = formatCpuList(usable.slice(-1));
    world.steps(`sh -c 'grep Cpus_allowed_list /proc/self/status' > "$WORLD/cpus"; ${good}`);
    await world.run({ lanes: [{ name: 'bound', gpus: [0], cpus }] });
    expect(world.read('cpus').split(/\s+/)[1]).toBe(cpus);
  });

  it('are refused when this machine does not have them', async () => {
    const world = await eightGpus();
    const lanes = [{ name: 'bound', gpus: [0], cpus: '0,4090-4091' }];
    expect(failureOf(await world.run({ lanes }))).toMatch(
      /^final InvalidInput.*: lane bound wants CPUs 0,4090-4091, but 4090-4091 cannot be used here/,
    );
    expect(await world.attempts()).toEqual([]);
  });

  it('do not hide that the interpreter is missing', async () => {
    const world = await eightGpus();
    const cpus = formatCpuList(((await usableCpus()) ?? []).slice(0, 1));
    chmodSync(join(world.folder, 'python'), 0o644);
    const tried = await world.run({ lanes: [{ name: 'bound', gpus: [0], cpus }] });
    expect(JSON.stringify(tried)).toContain('EACCES');
  });

  it('are the lane’s own folders, whose FlashInfer kernels are wiped', async () => {
    const world = await eightGpus({ environment: () => ({ XDG_CACHE_HOME: '/srv/shared' }) });
    const cache_root = world.path('lane-cache');
    world.put('lane-cache/xdg/flashinfer/kernel', 'warm');
    world.put('lane-cache/jit/.cache/flashinfer/kernel', 'warm');
    world.steps(
      `echo "$XDG_CACHE_HOME $TORCHINDUCTOR_CACHE_DIR $FLASHINFER_WORKSPACE_BASE" > "$WORLD/roots"; ` +
        `ls "$XDG_CACHE_HOME" "$FLASHINFER_WORKSPACE_BASE/.cache" | grep flashinfer > "$WORLD/left"; ${good}`,
    );
    expect(outcomeOf(await world.run({ lanes: [{ name: 'lane0', gpus: [0], cache_root }] }))).toMatchObject({
      kind: 'complete',
    });
    expect(world.read('roots')).toBe(`${cache_root}/xdg ${cache_root}/torchinductor ${cache_root}/jit\n`);
    expect([world.read('left'), (await world.attempts())[0]?.jit_workspace]).toEqual([
      '',
      `${cache_root}/jit`,
    ]);
  });

  it('never delete what another lane is compiling', async () => {
    const world = await eightGpus({ environment: (folder) => ({ HOME: folder }) });
    world.plan({ lanes: 2 });
    world.steps(
      'mkdir -p "$FLASHINFER_WORKSPACE_BASE/.cache/flashinfer"; touch "$FLASHINFER_WORKSPACE_BASE/.cache/flashinfer/k"; ' +
        `touch "$WORLD/up$CUDA_VISIBLE_DEVICES"; await "$WORLD/go"; ` +
        `[ -e "$FLASHINFER_WORKSPACE_BASE/.cache/flashinfer/k" ] || touch "$WORLD/lost"; ${good}`,
    );
    world.put('.cache/flashinfer/kernel', 'of others');
    const first = world.start({ repeat: 1, ...from(0) });
    await until(() => world.exists('up0'));
    const second = world.start({ repeat: 2, ...from(1) });
    await until(() => world.exists('up2'));
    world.put('go', '');
    for (const { result } of [first, second])
      expect(outcomeOf(await result)).toMatchObject({ kind: 'complete' });
    expect([world.exists('lost'), world.exists('.cache/flashinfer/kernel')]).toEqual([false, true]);
  });
});
