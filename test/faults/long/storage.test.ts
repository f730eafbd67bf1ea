import { mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { FaultWorld, waitUntil } from '../fault-world.ts';
import { FaultedSession } from '../faulted-session.ts';

/** A file system that is a test's own: small, and mounted anew in each way that is needed. Needs the rights to mount. */
async function mayMount(): Promise<boolean> {
  const probe = '/tmp/calib-mount-probe';
  await mkdir(probe, { recursive: true });
  const { exitCode } = await execa('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', probe], {
    reject: false,
  });
  if (exitCode === 0) await execa('umount', [probe]);
  await rm(probe, { recursive: true, force: true });
  return exitCode === 0;
}

const possible = await mayMount();
if (!possible) process.stdout.write('full and read-only disks: skipped, nothing may be mounted here\n');

let world: FaultWorld;
const mounted: string[] = [];
const sessions: FaultedSession[] = [];

beforeAll(async () => {
  world = await FaultWorld.start({ lanes: 2 });
});

afterAll(async () => {
  await world.close();
});

afterEach(async () => {
  for (const session of sessions.splice(0)) {
    await world.client.workflow
      .getHandle(session.id)
      .terminate('the test is over')
      .catch(() => undefined);
    await session.expectNothingLeft();
    for (const folder of mounted.splice(0)) await execa('umount', ['--lazy', folder]);
    await session.remove();
  }
});

/** A session whose run directory lies on a file system of four megabytes; its first pytest waits, its results written. */
async function startOnSmallDisk(): Promise<{ session: FaultedSession; disk: string }> {
  let disk = '';
  const session = await FaultedSession.start(world, {
    repeats: 2,
    stages: 'beta_wer',
    // So small a disk is refused otherwise.
    args: ['--skip-precheck'],
    prepare: async (suite) => {
      disk = join(suite.repo, '.tune-runs');
      await mkdir(disk);
      await execa('mount', ['-t', 'tmpfs', '-o', 'size=4m,mode=0700', 'tmpfs', disk]);
      mounted.push(disk);
      await suite.script('beta', { lingerFor: 'go' }, 1);
    },
  });
  sessions.push(session);
  await session.untilWaiting('beta');
  return { session, disk };
}

/** Takes every byte that is left. */
async function fill(disk: string): Promise<string> {
  const filler = join(disk, 'filler');
  for (let size = 1 << 20; size > 0; size >>= 1) {
    const fits = async () => {
      const { bavail, bsize } = await statfs(disk);
      return bavail * bsize >= size;
    };
    while (await fits()) {
      const written = await writeFile(filler, Buffer.alloc(size), { flag: 'a' }).then(
        () => true,
        () => false,
      );
      if (!written) break;
    }
  }
  return filler;
}

describe.skipIf(!possible)('the run directory cannot be written for a while', () => {
  it('disk full as pytest ends: the run is kept, and recorded once there is room', async () => {
    const { session, disk } = await startOnSmallDisk();
    const filler = await fill(disk);
    await session.suite.release('go');
    const [launch] = await session.launches();
    const isOver = async () => (await session.suite.processes()).length <= 1;
    await waitUntil(isOver, 'pytest has ended');
    // The supervisor holds what the disk does not take; the worker asks again and again.
    await sleep(8000);
    expect((await session.launches()).map(({ folder }) => folder)).toEqual([launch?.folder]);
    await rm(filler);
    expect(await session.expectWhole({ beta: 2 })).toMatchObject({ pass: 1, launches: 2, discarded: 0 });
  });

  it('disk full, and the worker killed: the next one waits for room as well', async () => {
    const { session, disk } = await startOnSmallDisk();
    const filler = await fill(disk);
    await session.suite.release('go');
    const isOver = async () => (await session.suite.processes()).length <= 1;
    await waitUntil(isOver, 'pytest has ended');
    await world.killWorker();
    await world.startWorker();
    // Until the heartbeat timeout has given it the repeat.
    await sleep(40_000);
    await rm(filler);
    expect(await session.expectWhole({ beta: 2 })).toMatchObject({ pass: 1, launches: 2, discarded: 0 });
  });

  it('read-only between two repeats: the next is launched once it can be written again', async () => {
    const { session, disk } = await startOnSmallDisk();
    const handle = world.client.workflow.getHandle(session.id);
    await handle.signal('pause', { id: 'pause' });
    await session.suite.release('go');
    await world.until(session.id, ({ phase, active }) => phase.kind === 'paused' && active.length === 0);
    await session.expectNothingLeft();
    await execa('mount', ['-o', 'remount,ro', disk]);
    await handle.signal('resume', { id: 'resume' });
    await world.until(session.id, ({ active }) => active.length === 1);
    await sleep(5000);
    expect(await session.suite.launches('beta')).toBe(1);
    await execa('mount', ['-o', 'remount,rw', disk]);
    expect(await session.expectWhole({ beta: 2 })).toMatchObject({ pass: 1, discarded: 0 });
  });
});
