import { rmSync, symlinkSync, writeFileSync } from 'node:fs';

import { ApplicationFailure } from '@temporalio/activity';
import { describe, expect, it } from 'vitest';

import { storageFailure } from '../../src/activities/failures.ts';
import { runPaths } from '../../src/host/run-directory/paths.ts';
import { failureOf, measured, outcomeOf, repeatWorld } from './repeat-world.ts';

describe('a disk that refuses', () => {
  it.each([
    ['ENOSPC', 'the disk is full'],
    ['EROFS', 'the file system is read-only'],
    ['EACCES', 'permission is denied'],
    ['EDQUOT', 'the disk quota is used up'],
  ])('says in words what %s means, and is asked again', (code, words) => {
    const error = Object.assign(new Error(`${code}: write '/run/x'`), { code, syscall: 'write' });
    const failure = storageFailure(error);
    expect(failure).toBeInstanceOf(ApplicationFailure);
    expect(failure).toMatchObject({ type: 'StorageFailure', nonRetryable: false });
    expect(failure?.message).toMatch(new RegExp(`^${words}: .*/run/x`));
  });

  it('takes no other error for a refusal of the disk', () => {
    const absent = Object.assign(new Error('ENOENT'), { code: 'ENOENT', syscall: 'open' });
    expect([storageFailure(absent), storageFailure(new Error('x')), storageFailure('x')]).toEqual([
      null,
      null,
      null,
    ]);
  });

  it('launches nothing while the run directory cannot be written', async () => {
    const world = await repeatWorld();
    world.steps(`touch "$WORLD/launched"; ${measured()}exit 0`);
    const log = runPaths.runLog(world.runDir);
    symlinkSync('/dev/full', log);
    expect(failureOf(await world.run())).toMatch(/^StorageFailure: cannot write .*run\.log: ENOSPC/);
    expect([world.exists('launched'), await world.attempts()]).toEqual([false, []]);
    rmSync(log);
    expect(outcomeOf(await world.run())).toMatchObject({ kind: 'complete', launches: 1 });
  });

  it('commits a finished run once the disk lets it, without another launch', async () => {
    const world = await repeatWorld();
    const blocked = `${world.runDir}/nova_speed`;
    world.steps(`echo x >> "$WORLD/runs"; ${measured()}exit 0`);
    writeFileSync(blocked, 'a file where the stage folder belongs');
    expect(failureOf(await world.run())).toMatch(/^StorageFailure: cannot write .*nova_speed/);
    expect([world.observation('nova_accuracy'), await world.attempts()]).toMatchObject([null, []]);
    rmSync(blocked);
    expect(outcomeOf(await world.run())).toMatchObject({ kind: 'complete', launches: 1 });
    expect(world.read('runs')).toBe('x\n');
  });
});
