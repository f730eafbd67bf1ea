import { expect, test } from 'vitest';

import type { EvidencePattern } from '../../../src/domain/evidence/log-evidence.ts';
import { appendAttempt } from '../../../src/host/run-directory/attempts-file.ts';
import { commitRepeat } from '../../../src/host/run-directory/commit-repeat.ts';
import { packRepeat } from '../../../src/host/run-directory/travel.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';
import { writeText } from '../../fixtures/write-text.ts';
import { NAMESPACE, SESSION, STAGES, makeAttempt, makeCommit } from './repeat-fixture.ts';

const stages = STAGES.map(({ key }) => key);

function packing(runDir: string, lines: string[] = [], patterns: EvidencePattern[] = []) {
  const place = { runDir, namespace: NAMESPACE, repeat: 1 };
  return { ...place, sessionId: SESSION, host: 'h20-2', stages, lines, patterns };
}

test('packs nothing where a repeat left no record', async () => {
  expect(await packRepeat(packing(temporaryFolder(), ['a line']))).toBeNull();
});

test('leaves drafts out that no commit marker vouches for', async () => {
  const runDir = temporaryFolder();
  writeText(`${runDir}/nova_speed/run1.json`, '{}');
  await appendAttempt({ runDir, namespace: NAMESPACE, repeat: 1 }, makeAttempt());
  const record = await packRepeat(packing(runDir));
  expect(Object.keys(record?.files ?? {})).toEqual([`_pytest/${NAMESPACE}/run1.attempts.json`]);
});

test('packs the newest lines only, and says where the others are', async () => {
  const runDir = temporaryFolder();
  await commitRepeat(makeCommit(runDir));
  const record = await packRepeat(
    packing(
      runDir,
      Array.from({ length: 500 }, (_, n) => `line ${n}`),
    ),
  );
  expect([record?.log_lines.length, record?.log_lines[0], record?.log_lines.at(-1)]).toEqual([
    200,
    `… 301 earlier lines are in ${runDir}/run.log`,
    'line 499',
  ]);
});

test('lets no secret travel in a line', async () => {
  const runDir = temporaryFolder();
  await commitRepeat(makeCommit(runDir));
  const token = `hf_${'a1B2'.repeat(9)}`;
  const record = await packRepeat(packing(runDir, [`waiting with ${token}`]));
  expect(record?.log_lines.join()).not.toContain(token);
});

test('refuses to pack more than may travel, naming repeat and size', async () => {
  const runDir = temporaryFolder();
  const attempt = makeAttempt({ notes: ['x'.repeat(2 * 1024 * 1024)] });
  await appendAttempt({ runDir, namespace: NAMESPACE, repeat: 1 }, attempt);
  await expect(packRepeat(packing(runDir))).rejects.toMatchObject({
    code: 'refused',
    message: expect.stringMatching(
      /the record of test_nova_ci repeat 1 is too large to travel: 2\d{6} bytes/,
    ) as string,
  });
});

test('counts the evidence in the log, which stays, for the report', async () => {
  const runDir = temporaryFolder();
  await commitRepeat(makeCommit(runDir));
  writeText(`${runDir}/_pytest/${NAMESPACE}/run1.log`, 'graph captured\nnothing\ngraph captured\n');
  const patterns = [
    { name: 'CUDA graph', pattern: 'graph captured', min_count: 1 },
    { name: 'flash attention', pattern: 'flash', min_count: 1 },
  ];
  const record = await packRepeat(packing(runDir, [], patterns));
  const text = record?.files[`_pytest/${NAMESPACE}/run1.evidence.json`] ?? '';
  expect(JSON.parse(text)).toEqual({
    schema: 'calib.log-evidence/1',
    counts: [
      { pattern: 'graph captured', count: 2 },
      { pattern: 'flash', count: 0 },
    ],
  });
});
