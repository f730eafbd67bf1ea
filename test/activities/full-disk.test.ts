import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ApplicationFailure } from '@temporalio/activity';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { createActivities } from '../../src/activities/create-activities.ts';
import { runPaths } from '../../src/host/run-directory/paths.ts';
import { SESSION, contentsBelow, directoryWorld, sessionPlan } from './directory-world.ts';

const activities = createActivities({
  hostname: 'h20-1',
  gpus: null,
  lanes: 1,
  isSessionOpen: async () => await Promise.resolve(true),
});

/** A disk of 64 KiB; false where mounting is not permitted. */
const disk = mkdtempSync(join(tmpdir(), 'calib-disk-'));
const mounted = ((): boolean => {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

beforeAll(() => {
  mkdirSync(join(disk, 'runs'));
});
afterAll(() => {
  if (mounted) execFileSync('umount', [disk]);
  rmSync(disk, { recursive: true, force: true });
});

function fill(): void {
  try {
    for (let size = 32_768; size >= 1; size /= 2)
      writeFileSync(join(disk, 'ballast'), 'x'.repeat(size), { flag: 'a' });
  } catch {
    // Full, as wanted.
  }
}

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return await work.then(
    () => null,
    (error: unknown) => error,
  );
}

describe.runIf(mounted)('a session on a disk that is full', () => {
  test('is not opened half, waits for room, and opens once there is some', async () => {
    const world = directoryWorld();
    const runDir = join(disk, 'runs', SESSION);
    const plan = await sessionPlan(world, { run_dir: runDir });
    fill();

    const failure = await failureOf(activities.openSession(plan));

    expect(failure).toBeInstanceOf(ApplicationFailure);
    expect(failure).toMatchObject({
      type: 'StorageFailure',
      nonRetryable: false,
      message: expect.stringMatching(/ENOSPC/) as string,
    });
    expect(existsSync(runPaths.plan(runDir))).toBe(false);

    rmSync(join(disk, 'ballast'));
    await activities.openSession(plan);
    expect(Object.keys(contentsBelow(runDir))).toEqual(['plan.json', 'run.log', 'stages.yaml']);
  });

  test('keeps its plan whole when a correction does not fit', async () => {
    const world = directoryWorld();
    const runDir = join(disk, 'runs', `${SESSION}_2`);
    await activities.openSession(await sessionPlan(world, { run_dir: runDir, session_id: `${SESSION}_2` }));
    const before = contentsBelow(runDir);
    writeFileSync(world.stagesYaml, '\n# corrected\n', { flag: 'a' });
    fill();

    expect(await failureOf(activities.syncSession({ run_dir: runDir }))).toMatchObject({
      type: 'StorageFailure',
    });
    expect(contentsBelow(runDir)).toMatchObject(before);

    rmSync(join(disk, 'ballast'));
    expect((await activities.syncSession({ run_dir: runDir })).notes).toHaveLength(2);
  });
});

test('a run directory that was removed is named, not made again', async () => {
  const world = directoryWorld();
  await activities.openSession(await sessionPlan(world));
  rmSync(world.runDir, { recursive: true });
  const place = { run_dir: world.runDir };

  for (const work of [
    async () => await activities.syncSession(place),
    async () => await activities.writeReport(place),
    async () => await activities.logMilestones({ ...place, lines: ['one'] }),
  ]) {
    expect(await failureOf(work())).toMatchObject({
      nonRetryable: true,
      message: expect.stringContaining(`run directory ${world.runDir} is gone`) as string,
    });
  }
  expect(existsSync(world.runDir)).toBe(false);
});
