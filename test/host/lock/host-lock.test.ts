import { spawn } from 'node:child_process';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  acquireHostLock,
  type HostLock,
  type HostLockOptions,
  laneResources,
} from '../../../src/host/lock/host-lock.ts';
import { launchSupervised } from '../../../src/host/process/launch.ts';
import { builtFixture } from '../../fixtures/built-fixture.ts';
import { until } from '../../fixtures/until.ts';
import { scratchLaunch } from '../process/scratch-launch.ts';

const holderProgram = builtFixture('process-stand-ins/lease-holder');
const held: HostLock[] = [];
let scope: string;
let count = 0;

beforeEach(() => {
  scope = `test-${process.pid}-${(count += 1)}`;
});
afterEach(async () => {
  for (const lease of held.splice(0)) await lease.release();
});

async function acquire(resources: string[], more: Partial<HostLockOptions> = {}) {
  const result = await acquireHostLock({ resources, holder: 'session-a test_x 1', scope, ...more });
  if (result.kind === 'held') held.push(result.lease);
  return result;
}

/** The result's kind, for two lanes tried one after the other. */
async function tryBoth(first: string[], second: string[]) {
  await acquire(first);
  return (await acquire(second)).kind;
}

async function heldByAnotherProcess(options: Partial<HostLockOptions>) {
  const argument = JSON.stringify({ holder: 'another process', scope, ...options });
  const child = spawn(process.execPath, [holderProgram, argument], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await until(() => said.includes('held'));
  return child;
}

describe('lane leases', () => {
  it('exclude each other, and name the holder', async () => {
    await acquire(['gpu/A']);
    expect(await acquire(['gpu/A'])).toEqual({
      kind: 'busy',
      resource: 'gpu/A',
      part: 'owner',
      holder: 'session-a test_x 1',
    });
  });

  it('of different GPUs do not exclude each other', async () => {
    expect(await tryBoth(['gpu/A'], ['gpu/B'])).toBe('held');
  });

  it('exclude each other when lanes share one GPU', async () => {
    expect(await tryBoth(['gpu/A', 'gpu/B'], ['gpu/B', 'gpu/C'])).toBe('busy');
  });

  it('take all resources or none', async () => {
    await acquire(['gpu/B']);
    await acquire(['gpu/A', 'gpu/B']);
    expect((await acquire(['gpu/A'])).kind).toBe('held');
  });

  it('are free again after release', async () => {
    const first = await acquire(['gpu/A']);
    if (first.kind === 'held') await first.lease.release();
    expect((await acquire(['gpu/A'])).kind).toBe('held');
  });

  it('do not mix up long names that begin alike', async () => {
    const long = 'lane/'.padEnd(300, 'x');
    expect(await tryBoth([`${long}1`], [`${long}2`])).toBe('held');
  });

  it('exclude each other under a long name', async () => {
    const long = 'lane/'.padEnd(300, 'x');
    expect(await tryBoth([long], [long])).toBe('busy');
  });

  it('of another scope are invisible', async () => {
    await acquire(['gpu/A']);
    expect((await acquire(['gpu/A'], { scope: `${scope}-other` })).kind).toBe('held');
  });

  it('are freed by KILL of the holder', async () => {
    const child = await heldByAnotherProcess({ resources: ['gpu/A'] });
    const before = await acquire(['gpu/A']);
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
    const after = await acquire(['gpu/A']);
    expect([before, after]).toMatchObject([{ kind: 'busy', holder: 'another process' }, { kind: 'held' }]);
  });

  it('name a lane by its GPUs, or by host and name without any', () => {
    const lane = { host: 'h', name: 'cpu' };
    expect([
      laneResources({ ...lane, gpuUuids: ['GPU-b', 'GPU-a'] }),
      laneResources({ ...lane, gpuUuids: [] }),
    ]).toEqual([['gpu/GPU-a', 'gpu/GPU-b'], ['lane/h/cpu']]);
  });
});

describe('the lease of a run that goes on without its worker', () => {
  let scratch: ReturnType<typeof scratchLaunch>;
  beforeEach(() => {
    scratch = scratchLaunch();
  });
  afterEach(() => scratch.clean());

  /** The state after a worker's crash: the supervisor holds the run name, nobody the owner name. */
  async function orphanedRun() {
    const result = await acquire(['gpu/A']);
    if (result.kind !== 'held') throw new Error('not held');
    const start = await launchSupervised(
      scratch.spec(['hang'], { leaseNames: [...result.lease.runNames], leaseHolder: 'the running pytest' }),
    );
    if (start.state !== 'running') throw new Error('not running');
    await result.lease.release();
    return start.handle;
  }

  it('keeps others out', async () => {
    await orphanedRun();
    expect(await acquire(['gpu/A'])).toMatchObject({
      kind: 'busy',
      part: 'run',
      holder: 'the running pytest',
    });
  });

  it('lets an adopting worker in', async () => {
    await orphanedRun();
    expect((await acquire(['gpu/A'], { adopting: true })).kind).toBe('held');
  });

  it('lets only one adopting worker in', async () => {
    await orphanedRun();
    await acquire(['gpu/A'], { adopting: true });
    expect(await acquire(['gpu/A'], { adopting: true })).toMatchObject({ kind: 'busy', part: 'owner' });
  });

  it('ends with the run', async () => {
    const handle = await orphanedRun();
    await handle.requestStop('test');
    await handle.waitForExit();
    expect((await acquire(['gpu/A'])).kind).toBe('held');
  });
});
