import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { matrixFromSnapshot } from '../../../src/domain/audit/matrix.ts';
import { adoptRepeats } from '../../../src/host/run-directory/adopt-repeats.ts';
import { readRunDirectory } from '../../../src/host/run-directory/stages-copy.ts';
import {
  REPEATS,
  type RepeatModel,
  apply,
  expectedSymbol,
  keys,
  makeDirectory,
  operations,
  plan,
  stages,
} from './broken-directory.ts';
import { filesBelow } from './repeat-fixture.ts';
import { propertyRuns } from '../../fixtures/property-runs.ts';

/** Hash of each file's content, by path. */
async function contents(runDir: string): Promise<Map<string, string>> {
  const hash = (path: string) =>
    createHash('sha256')
      .update(readFileSync(join(runDir, path)))
      .digest('hex');
  return new Map((await filesBelow(runDir)).map((path) => [path, hash(path)]));
}

const adopt = async (runDir: string) =>
  await adoptRepeats({
    runDir,
    recorded: { session_id: plan.session_id },
    session: plan,
    stages,
    at: '2026-04-24T05:00:00Z',
  });

test('however a directory was broken, what is continued is whole and valid, and nothing of it is lost', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(operations, { maxLength: 12 }), async (sequence) => {
      const runDir = makeDirectory();
      const model = Array.from({ length: REPEATS }, (): RepeatModel => ({ files: {}, marker: null }));
      for (const operation of sequence) await apply(runDir, model, operation);
      const before = await contents(runDir);

      const { kept, setAside } = await adopt(runDir);

      const valid = model.map((at) => keys.every((key) => expectedSymbol(at, key) === '✓'));
      const standing = model.map((at) => Object.keys(at.files).length > 0);
      expect(kept).toBe(valid.filter(Boolean).length);
      expect(setAside.length).toBeGreaterThanOrEqual(
        standing.filter((stands, index) => stands && valid[index] === false).length,
      );
      const matrix = matrixFromSnapshot(await readRunDirectory(runDir));
      for (const { cells } of matrix.stages) {
        expect(cells.map(({ symbol }) => symbol)).toEqual(valid.map((is) => (is ? '✓' : '—')));
      }

      const after = await contents(runDir);
      const left = new Set(after.values());
      expect([...before].filter(([, hash]) => !left.has(hash))).toEqual([]);

      expect(await adopt(runDir)).toEqual({ kept, setAside: [] });
      expect(await contents(runDir)).toEqual(after);
    }),
    { numRuns: propertyRuns(30) },
  );
});
