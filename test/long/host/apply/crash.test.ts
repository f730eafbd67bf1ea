import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { readApplied, runApply } from '../../../../src/host/apply/run-apply.ts';
import { readApplyJournal, type ReplacementFiles } from '../../../../src/host/apply/journal.ts';
import { replaceFiles, restoreFiles } from '../../../../src/host/apply/replace-files.ts';
import { recoverApply } from '../../../../src/host/apply/recover-apply.ts';
import { makeApplied } from '../../../domain/apply/applied-fixture.ts';
import { builtFixture } from '../../../fixtures/built-fixture.ts';
import { temporaryFolder } from '../../../fixtures/temporary-folder.ts';
import { APPLIED, applyWorld } from '../../../host/apply/apply-world.ts';
import { failingFiles, quickFiles } from '../../../host/apply/failing-files.ts';

const BEFORE = ['A = 1\r\n', 'B = 1\n', 'C = 1'];
const AFTER = ['A = 2\r\n', 'B = 2.5\n', 'C = 10'];
const UNDONE = { at: '2026-04-23T08:00:00Z', check: null };

/** Three files, and the two things that are done to them; each call does what a retry does. */
function threeFiles() {
  const folder = temporaryFolder();
  const checkout = join(folder, 'checkout');
  const runDir = join(folder, 'run');
  mkdirSync(checkout);
  const paths = ['a.py', 'b.py', 'c.py'].map((name) => join(checkout, name));
  for (const [index, path] of paths.entries()) {
    writeFileSync(path, BEFORE[index] ?? '');
  }
  const changes = paths.map((path, index) => ({
    path,
    before: Buffer.from(BEFORE[index] ?? ''),
    after: Buffer.from(AFTER[index] ?? ''),
  }));
  return {
    checkout,
    runDir,
    contents: () => paths.map((path) => readFileSync(path, 'utf8')),
    write: (index: number, text: string) => writeFileSync(paths[index] ?? '', text),
    apply: async (files: ReplacementFiles = quickFiles) => {
      const settled = await recoverApply(runDir, files);
      if (settled !== null) {
        return settled;
      }
      return (await readApplied(runDir)) === null
        ? await replaceFiles({ runDir, changes, record: makeApplied() }, files)
        : { kind: 'replaced' as const };
    },
    undo: async (files: ReplacementFiles = quickFiles) => {
      const settled = await recoverApply(runDir, files);
      const [applied, journal] = [await readApplied(runDir), await readApplyJournal(runDir)];
      if (settled !== null || applied === null || journal === null || applied.undone !== null) {
        return settled ?? { kind: 'replaced' as const };
      }
      return await restoreFiles({ runDir, journal, record: { ...applied, undone: UNDONE } }, files);
    },
  };
}

type World = Awaited<ReturnType<typeof threeFiles>>;

/**
 * Runs `check` in a new world for every step at which `work` can fail; `work` is told by which file system to work.
 *
 * @returns the number of steps
 */
async function atEveryStep(
  kind: 'crash' | 'once',
  work: (world: World, files: ReplacementFiles) => Promise<unknown>,
  check: (world: World, step: string) => Promise<void>,
): Promise<number> {
  for (let at = 1; ; at += 1) {
    const world = threeFiles();
    const { files, steps } = failingFiles({ at, kind });
    const failed = await work(world, files).then(
      () => false,
      () => true,
    );
    if (steps() < at) {
      return steps();
    }
    expect(failed, `step ${at}`).toBe(true);
    for (const [index, content] of world.contents().entries()) {
      expect([BEFORE[index], AFTER[index]], `step ${at}`).toContain(content);
    }
    await check(world, `step ${at}`);
  }
}

describe.each(['crash', 'once'] as const)('a failure (%s) at every step', (kind) => {
  test('of an apply leaves each file whole, and all new after the retry', async () => {
    const steps = await atEveryStep(
      kind,
      async (world, files) => await world.apply(files),
      async (world, step) => {
        expect(await world.apply(), step).toEqual({ kind: 'replaced' });
        expect(world.contents(), step).toEqual(AFTER);
        expect(readdirSync(world.checkout), step).toEqual(['a.py', 'b.py', 'c.py']);
        expect(await readApplied(world.runDir), step).toEqual(makeApplied());
      },
    );
    expect(steps).toBeGreaterThan(40);
  });

  test('of an undo leaves each file whole, and all old after the retry', async () => {
    const steps = await atEveryStep(
      kind,
      async (world, files) => {
        await world.apply();
        await world.undo(files);
      },
      async (world, step) => {
        expect(await world.undo(), step).toEqual({ kind: 'replaced' });
        expect(world.contents(), step).toEqual(BEFORE);
        expect(readdirSync(world.checkout), step).toEqual(['a.py', 'b.py', 'c.py']);
        expect(await readApplied(world.runDir), step).toEqual(makeApplied({ undone: UNDONE }));
      },
    );
    expect(steps).toBeGreaterThan(20);
  });

  test('of the retry itself is cured by the next one', async () => {
    await atEveryStep(
      kind,
      async (world, files) => {
        await betweenFiles(world);
        await world.apply(files);
      },
      async (world, step) => {
        expect(await world.apply(), step).toEqual({ kind: 'replaced' });
        expect(world.contents(), step).toEqual(AFTER);
      },
    );
  });
});

/** Applies up to a crash after the first file was replaced. */
async function betweenFiles(world: World): Promise<void> {
  const place = world.contents();
  const renamed: string[] = [];
  const files: ReplacementFiles = {
    ...quickFiles,
    rename: async (from, to) => {
      if (renamed.length === 1 && to.startsWith(world.checkout)) {
        throw new Error('died');
      }
      await quickFiles.rename(from, to);
      renamed.push(...(to.startsWith(world.checkout) ? [to] : []));
    },
  };
  await expect(world.apply(files)).rejects.toThrow('died');
  expect(world.contents()).toEqual([AFTER[0], place[1], place[2]]);
}

describe("somebody else's edit after a crash between two files", () => {
  test('takes the first one back and is never overwritten', async () => {
    const world = threeFiles();
    await betweenFiles(world);
    world.write(2, 'mine\n');
    expect(await world.apply()).toMatchObject({ kind: 'refused', reason: expect.stringContaining('c.py') });
    expect(world.contents()).toEqual([BEFORE[0], BEFORE[1], 'mine\n']);
    expect(await readApplied(world.runDir)).toBeNull();
  });

  test('once it is taken away, everything can be applied', async () => {
    const world = threeFiles();
    await betweenFiles(world);
    world.write(1, 'mine\n');
    await world.apply();
    world.write(1, BEFORE[1] ?? '');
    expect(await world.apply()).toEqual({ kind: 'replaced' });
    expect(world.contents()).toEqual(AFTER);
  });

  test('a failure while the first one is taken back is cured by the next call', async () => {
    for (let at = 1; ; at += 1) {
      const world = threeFiles();
      await betweenFiles(world);
      world.write(2, 'mine\n');
      const { files, steps } = failingFiles({ at, kind: 'crash' });
      await world.apply(files).catch(() => null);
      if (steps() < at) {
        expect(steps()).toBeGreaterThan(10);
        return;
      }
      expect(await world.apply(), `step ${at}`).toMatchObject({ kind: 'refused' });
      expect(world.contents(), `step ${at}`).toEqual([BEFORE[0], BEFORE[1], 'mine\n']);
    }
  });

  test('an edit of a file that is still to be drafted refuses the apply before any is replaced', async () => {
    const world = threeFiles();
    const files: ReplacementFiles = {
      ...quickFiles,
      likeOriginal: async () => world.write(1, 'mine\n'),
    };
    expect(await world.apply(files)).toMatchObject({
      kind: 'refused',
      reason: expect.stringMatching(/b\.py was edited in the meantime$/),
    });
    expect(world.contents()).toEqual([BEFORE[0], 'mine\n', BEFORE[2]]);
    expect(readdirSync(world.checkout)).toEqual(['a.py', 'b.py', 'c.py']);
  });
});

describe('a file that may not be replaced although its folder may be written', () => {
  const noRename = (world: World, at: number): ReplacementFiles => {
    let renames = 0;
    return {
      ...quickFiles,
      rename: async (from, to) => {
        renames += to.startsWith(world.checkout) ? 1 : 0;
        if (renames === at && to.startsWith(world.checkout)) {
          throw Object.assign(new Error('EPERM: operation not permitted, rename'), { code: 'EPERM' });
        }
        await quickFiles.rename(from, to);
      },
    };
  };

  test.each([1, 2, 3])('(number %i) refuses the apply, and the others go back', async (at) => {
    const world = threeFiles();
    expect(await world.apply(noRename(world, at))).toMatchObject({
      kind: 'refused',
      reason: expect.stringMatching(/^cannot write .*: EPERM.*; all was taken back$/),
    });
    expect(world.contents()).toEqual(BEFORE);
    expect(readdirSync(world.checkout)).toEqual(['a.py', 'b.py', 'c.py']);
    expect(await world.apply()).toEqual({ kind: 'replaced' });
  });

  test('refuses an undo, and the others stay applied', async () => {
    const world = threeFiles();
    await world.apply();
    expect(await world.undo(noRename(world, 2))).toMatchObject({ kind: 'refused' });
    expect(world.contents()).toEqual(AFTER);
    expect(await readApplied(world.runDir)).toMatchObject({ undone: null });
    expect(await world.undo()).toEqual({ kind: 'replaced' });
    expect(world.contents()).toEqual(BEFORE);
  });
});

describe('a session whose apply died', () => {
  // Copies and journal, drafts, first file, second file, record.
  test.each([10, 22, 31, 33, 37])('by SIGKILL before step %i is applied by the next process', async (at) => {
    const world = await applyWorld({ split: true });
    const before = world.contents();
    const after = [APPLIED.accuracy(before[0] ?? ''), APPLIED.speed(before[1] ?? '')];
    const worker = builtFixture('apply-worker/apply-worker');
    const died = spawnSync(process.execPath, [worker, world.runDir, `${at}`]);
    expect(died.signal).toBe('SIGKILL');
    for (const [index, content] of world.contents().entries()) {
      expect([before[index], after[index]]).toContain(content);
    }
    const options = {
      runDir: world.runDir,
      mode: 'full',
      decide: {},
      commandId: 'c1',
      now: new Date(),
    } as const;
    expect(await runApply(options)).toMatchObject({ kind: 'applied', document: { edits: 3 } });
    expect(world.contents()).toEqual(after);
    expect(world.git('ls-files', '--others', '--exclude-standard')).toBe('');
  });

  test('of two applies at the same time one is asked to come again', async () => {
    const world = await applyWorld();
    const options = {
      runDir: world.runDir,
      mode: 'full',
      decide: {},
      commandId: 'c1',
      now: new Date(),
    } as const;
    const results = await Promise.allSettled([runApply(options), runApply(options)]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await runApply(options)).toMatchObject({ kind: 'applied', document: { edits: 3 } });
  });
});
