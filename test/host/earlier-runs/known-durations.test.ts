import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import type { Attempt } from '../../../src/domain/observation/observation.ts';
import { appendAttempt } from '../../../src/host/run-directory/attempts-file.ts';
import { readKnownDurations } from '../../../src/host/earlier-runs/known-durations.ts';
import { runPaths } from '../../../src/host/run-directory/paths.ts';
import { makeAttempt } from '../run-directory/repeat-fixture.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

const wanted = { model: 'nova', namespaces: ['test_a', 'test_b'] };

/** A run directory with the plan of `model`, and these attempts of a unit's repeats 1, 2, … */
async function runDirectory(
  root: string,
  name: string,
  options: { model?: string; units: Record<string, Partial<Attempt>[][]> },
): Promise<void> {
  const runDir = join(root, name);
  await mkdir(runDir, { recursive: true });
  const plan = { model: options.model ?? 'nova', stages: [], repeats: 5 };
  await writeFile(runPaths.plan(runDir), JSON.stringify(plan));
  for (const [namespace, repeats] of Object.entries(options.units)) {
    for (const [index, attempts] of repeats.entries()) {
      for (const [n, attempt] of attempts.entries()) {
        await appendAttempt({ runDir, namespace, repeat: index + 1 }, makeAttempt({ n: n + 1, ...attempt }));
      }
    }
  }
}

const took = (duration_s: number): Partial<Attempt>[] => [{ duration_s, outcome: 'ok' }];

test('are the mean of the newest session of the model that ran the unit', async () => {
  const root = temporaryFolder();
  await runDirectory(root, '20260101T000000Z_r1', {
    units: { test_a: [took(10)], test_b: [took(70), took(80)] },
  });
  await runDirectory(root, '20260201T000000Z_r2', { units: { test_a: [took(30), took(50)] } });
  await runDirectory(root, '20260301T000000Z_r3', { model: 'other', units: { test_a: [took(999)] } });
  expect(await readKnownDurations(root, wanted)).toEqual({ test_a: 40, test_b: 75 });
});

test('come from runs that went to their end, not from crashes and partial ones', async () => {
  const root = temporaryFolder();
  await runDirectory(root, '20260101T000000Z_r1', {
    units: {
      test_a: [
        [
          { outcome: 'infra', duration_s: 5 },
          { outcome: 'assertion', duration_s: 60 },
        ],
      ],
      test_b: [[{ outcome: 'ok', finding: 'partial samples (9/10)', duration_s: 5 }]],
    },
  });
  expect(await readKnownDurations(root, wanted)).toEqual({ test_a: 60 });
});

test('are none where there is nothing to read, or nothing can be read', async () => {
  const root = temporaryFolder();
  await mkdir(join(root, '20260101T000000Z_empty'));
  await mkdir(join(root, '20260102T000000Z_broken'));
  await writeFile(runPaths.plan(join(root, '20260102T000000Z_broken')), 'not JSON');
  expect(await readKnownDurations(root, wanted)).toEqual({});
  expect(await readKnownDurations(join(root, 'nowhere'), wanted)).toEqual({});
});
