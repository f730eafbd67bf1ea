import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { execa } from 'execa';
import { describe, expect, test } from 'vitest';

import { commitRepeat } from '../../../src/host/run-directory/commit-repeat.ts';
import { builtFixture } from '../../fixtures/built-fixture.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';
import { filesBelow, makeCommit } from './repeat-fixture.ts';

const program = builtFixture('storage/commit-within-limit');

/** Runs the program with files of at most 20 kB; the system cuts a longer write off in its middle. */
async function withinLimit(what: 'file' | 'commit', path: string): Promise<Record<string, unknown>> {
  const node = `exec "${process.execPath}" "${program}" ${what} "${path}"`;
  const { stdout } = await execa('sh', ['-c', `ulimit -f 40; ${node}`]);
  return JSON.parse(stdout) as Record<string, unknown>;
}

describe('a disk that takes no more', () => {
  test('leaves the old file whole and nothing half-written beside it', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'report.md');
    writeFileSync(path, 'the old report');

    expect(await withinLimit('file', path)).toMatchObject({
      calib: true,
      code: 'not-ready',
      message: expect.stringContaining(`cannot write ${path}: `) as string,
      remedy: expect.stringContaining('free space') as string,
    });
    expect(await filesBelow(folder)).toEqual(['report.md']);
    expect(readFileSync(path, 'utf8')).toBe('the old report');
  });

  test('commits no stage when one does not fit, leaves no draft, and commits all once there is room', async () => {
    const runDir = temporaryFolder();

    expect(await withinLimit('commit', runDir)).toMatchObject({
      code: 'not-ready',
      message: expect.stringContaining('nova_wer') as string,
    });
    expect(await filesBelow(runDir)).toEqual([]);

    expect(await commitRepeat(makeCommit(runDir))).toMatchObject({ kind: 'committed' });
  });
});
