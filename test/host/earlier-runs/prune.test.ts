import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { expect, test } from 'vitest';

import { chooseToPrune, prunableRuns, prune } from '../../../src/host/earlier-runs/prune.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

const removed = [
  '_pytest/unit/basetemp_run1/t0/r.json',
  '_pytest/unit/run1.attempt1.log',
  '_discarded/unit/run1.1/_pytest/unit/basetemp_run1/t0/r.json',
];
const kept = [
  'plan.json',
  'report.md',
  'stage/run1.json',
  'stage/run1.log',
  '_pytest/unit/run1.attempts.json',
  '_pytest/unit/run1.commit.json',
  '_apply/journal.json',
  '_discarded/unit/run1.1/reason.json',
];

function run(root: string, name: string, last: string): string {
  const runDir = join(root, name);
  for (const file of [...removed, ...kept]) {
    mkdirSync(dirname(join(runDir, file)), { recursive: true });
    writeFileSync(join(runDir, file), 'x'.repeat(5000));
  }
  writeFileSync(join(runDir, 'plan.json'), JSON.stringify({ model: 'nova', stages: ['stage'], repeats: 1 }));
  writeFileSync(join(runDir, 'run.log'), `2026-04-23T05:00:00Z begun\n2026-04-23T06:00:00Z ${last}\n`);
  return runDir;
}

test('removes base temps and logs of ended sessions and nothing else, and follows no link', async () => {
  const root = temporaryFolder();
  const outside = join(temporaryFolder(), 'precious');
  mkdirSync(outside);
  writeFileSync(join(outside, 'file'), '');
  const old = run(root, '20260423T050000Z_old', 'session completed: report only, no file edited');
  symlinkSync(outside, join(old, '_pytest/unit/basetemp_run2'));
  const running = run(root, '20260424T050000Z_running', 'resumed');
  const newest = run(root, '20260425T050000Z_new', 'session aborted: enough');
  const found = await prunableRuns(root);
  expect(found.map(({ runDir }) => runDir)).toEqual([newest, old]);
  const chosen = chooseToPrune(found, { keep: 1, endedBeforeMs: null });
  expect(chosen.map(({ runDir, bytes }) => [runDir, bytes > 10_000])).toEqual([[old, true]]);
  for (const each of chosen) await prune(each);
  expect(removed.filter((file) => existsSync(join(old, file)))).toEqual([]);
  expect(kept.filter((file) => !existsSync(join(old, file)))).toEqual([]);
  expect(existsSync(join(outside, 'file'))).toBe(true);
  expect(removed.every((file) => existsSync(join(running, file)) && existsSync(join(newest, file)))).toBe(
    true,
  );
});

test('takes only what ended before the given time', async () => {
  const root = temporaryFolder();
  run(root, '20260423T050000Z_old', 'session failed: precheck');
  const found = await prunableRuns(root);
  expect(chooseToPrune(found, { keep: 0, endedBeforeMs: Date.now() - 86_400_000 })).toEqual([]);
  expect(chooseToPrune(found, { keep: 0, endedBeforeMs: Date.now() + 1000 })).toHaveLength(1);
});
