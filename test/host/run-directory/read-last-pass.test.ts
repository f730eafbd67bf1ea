import { expect, test } from 'vitest';

import { appendAttempt } from '../../../src/host/run-directory/attempts-file.ts';
import { discardRepeat } from '../../../src/host/run-directory/discard-repeat.ts';
import { readLastPass } from '../../../src/host/run-directory/plan-file.ts';
import { runPaths } from '../../../src/host/run-directory/paths.ts';
import { writeFileAtomic } from '../../../src/host/run-directory/files.ts';
import { sampleSessionPlan } from '../../domain/session/sample-session-plan.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';
import { makeAttempt } from './repeat-fixture.ts';

const plan = sampleSessionPlan();
const at = '2026-04-23T05:00:00Z';

test('a directory without attempts has no last pass', async () => {
  expect(await readLastPass(temporaryFolder(), plan)).toBeNull();
});

test('the last pass is the highest of any repeat', async () => {
  const runDir = temporaryFolder();
  await appendAttempt({ runDir, namespace: 'test_alpha_ci', repeat: 1 }, makeAttempt({ n: 1, pass: 1 }));
  await appendAttempt({ runDir, namespace: 'test_beta_ci', repeat: 2 }, makeAttempt({ n: 1, pass: 3 }));
  expect(await readLastPass(runDir, plan)).toBe(3);
});

test('attempts that were discarded count as well', async () => {
  const runDir = temporaryFolder();
  const place = { runDir, namespace: 'test_alpha_ci', repeat: 2 };
  await appendAttempt(place, makeAttempt({ n: 1, pass: 4 }));
  await discardRepeat({
    ...place,
    stages: ['alpha_wer', 'alpha_speed'],
    reason: 'partial samples (9/10)',
    at,
    requestedBy: 'calib',
    commandId: 'c1',
  });
  expect(await readLastPass(runDir, plan)).toBe(4);
});

test('a damaged record names no pass and stops nothing', async () => {
  const runDir = temporaryFolder();
  await writeFileAtomic(runPaths.attempts(runDir, 'test_alpha_ci', 1), 'not JSON');
  await appendAttempt({ runDir, namespace: 'test_beta_ci', repeat: 1 }, makeAttempt({ n: 1, pass: 2 }));
  expect(await readLastPass(runDir, plan)).toBe(2);
});
