import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { execa } from 'execa';
import { describe, expect, test } from 'vitest';

import { commitRepeat } from '../../../src/host/run-directory/commit-repeat.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';
import { filesBelow, makeCommit } from './repeat-fixture.ts';

const program = fileURLToPath(new URL('../../fixtures/storage/commit-within-limit.ts', import.meta.url));

/** Runs the program with files of at most 20 kB; the system cuts a longer write off in its middle. */
async function withinLimit(what: 'file' | 'commit', path: string): Promise<Record<string, unknown>> {
  const node = `exec "${process.execPath}" --import "${import.meta.resolve('tsx')}" "${program}" ${what} "${path}"`;
  // tsx would keep its cache in files, which the limit is not meant for.
  const env = { TSX_DISABLE_CACHE: '1' };
  const { stdout } = await execa('sh', ['-c', `ulimit -f 40; ${node}`], { env });
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
