import { expect, test } from 'vitest';

import {
  type RepeatLabel,
  configLines,
  endedLine,
  gateOpenLine,
  extractionLines,
  repeatLabel,
  retryLine,
  runningLine,
  stoppingLine,
  waitingLine,
  stageLine,
  usingLaneLine,
} from '../../../src/domain/observation/milestones.ts';
import { type JudgedEnd, stageStatus } from '../../../src/domain/observation/observation.ts';
import type { ContextKeyword } from '../../../src/domain/discovery/source-facts.ts';
import type { StageDefinition } from '../../../src/domain/stages/stage.ts';
import {
  ASSERTION,
  CRASHED,
  GOOD_DOCUMENT,
  PASSED,
  extractionFrom,
  extractionWithoutFile,
  makeDocsStage,
  makeStage,
  metricAt,
} from './stage-fixture.ts';

const LABEL: RepeatLabel = { namespace: 'test_nova_ci', repeat: 2, repeats: 5, stageCount: 3, gpus: 2 };

function lineOf(stage: StageDefinition, document: unknown, end: JudgedEnd): string {
  const extraction = extractionFrom(stage, document);
  return stageLine(stage, { extraction, status: stageStatus(stage, extraction, end), end });
}

test('labels a repeat with unit, count, stages and GPUs', () => {
  expect(repeatLabel(LABEL)).toBe('[test_nova_ci] run 2/5 (3 stage(s), needs 2 GPU)');
});

test('announces what is tracked', () => {
  expect(configLines(LABEL, [makeStage(), makeDocsStage()])).toEqual([
    '[test_nova_ci] run 2/5 (3 stage(s), needs 2 GPU) config:',
    '  tracked metrics:',
    '    nova_speed: throughput_qps(min), rtf_mean(max)',
  ]);
});

test('announces the conditions that the test passes on: the last in the file, a name where there is no number', () => {
  const binding = (keyword: ContextKeyword, name: string | null, literal: string | null) => ({
    keyword,
    name,
    literal,
    line: 1,
  });
  const bindings = [
    binding('max_concurrency', null, '4'),
    binding('max_samples', 'MAX_SAMPLES', '50'),
    binding('max_concurrency', 'CONCURRENCY', null),
  ];
  expect(
    configLines(LABEL, [makeStage()], { datasets: ['org/seed', 'org/mmsu'], bindings }).slice(1, 4),
  ).toEqual(['  dataset(s): org/seed, org/mmsu', '  max_samples: 50', '  max_concurrency: <CONCURRENCY>']);
});

test('announces a docs smoke test as such', () => {
  expect(configLines(LABEL, [makeDocsStage()])[1]).toBe('  docs smoke: pass/fail only');
});

test('says which lane and GPUs a repeat uses', () => {
  expect(usingLaneLine(LABEL, { name: 'gpu0-1', gpus: [0, 1], attempt: 1 })).toBe(
    `${repeatLabel(LABEL)} using lane gpu0-1, GPU(s) [0,1] (CUDA_VISIBLE_DEVICES=0,1), attempt 1`,
  );
});

test('says that a lane has no GPU', () => {
  expect(usingLaneLine(LABEL, { name: 'cpu', gpus: [], attempt: 1 })).toContain('using lane cpu, no GPU');
});

test('says why another attempt follows', () => {
  expect(retryLine(LABEL, { reason: 'OOM', attempt: 1, attemptLimit: 4 })).toBe(
    `${repeatLabel(LABEL)} OOM — must clear GPU before retry (1/4)`,
  );
});

test.each([
  [PASSED, 'ok (83s)'],
  [ASSERTION, 'failed: exit 1 (83s)'],
  [CRASHED, 'failed: crashed (SIGSEGV) (83s)'],
])('says how a repeat ended and after how long (%#)', (end, words) => {
  expect(endedLine(LABEL, end, 83.4)).toBe(`${repeatLabel(LABEL)} ${words}`);
});

test('shows samples and metrics, scaled and rounded for display', () => {
  const display = { label: 'Accuracy (%)', scale: 100, digits: 1 };
  const stage = makeStage({ metrics: { accuracy: metricAt('speed.rtf', { display }) } });

  expect(lineOf(stage, GOOD_DOCUMENT, PASSED)).toBe('  → nova_speed: samples=20/20 accuracy=25.0');
});

test('adds the exit code when pytest did not pass', () => {
  expect(lineOf(makeStage(), GOOD_DOCUMENT, ASSERTION)).toBe(
    '  → nova_speed: samples=20/20 throughput_qps=4.500 rtf_mean=0.250 (pytest rc=1)',
  );
});

test('shows what there is of a stage that failed', () => {
  expect(lineOf(makeStage(), { speed: { qps: 4.5 } }, ASSERTION)).toBe(
    '  → nova_speed: failed (incomplete_metrics_extraction) — samples=?/? throughput_qps=4.500 rtf_mean=N/A',
  );
});

test('stands out when no metric could be read', () => {
  expect(lineOf(makeStage(), { summary: GOOD_DOCUMENT.summary }, CRASHED)).toBe(
    '  → nova_speed: ⚠ ALL metrics None (incomplete_metrics_extraction; pytest crashed (SIGSEGV))',
  );
});

test('shows a docs stage as pass or fail', () => {
  expect(lineOf(makeDocsStage(), {}, PASSED)).toBe('  → docs: PASS');
  expect(lineOf(makeDocsStage(), {}, ASSERTION)).toBe('  → docs: FAIL (exit 1)');
});

test('lists what could not be read, and nothing when all was', () => {
  const stage = makeStage();

  expect(extractionLines({ nova_speed: extractionFrom(stage, GOOD_DOCUMENT) })).toEqual([]);
  expect(extractionLines({ nova_speed: extractionWithoutFile(stage) })).toHaveLength(5);
});

test('lists at most twenty problems', () => {
  const stages = Array.from(
    { length: 7 },
    (_, index) => [`s${index}`, extractionWithoutFile(makeStage())] as const,
  );

  const lines = extractionLines(Object.fromEntries(stages));

  expect(lines[0]).toBe('  ⚠ metric extraction warnings (28):');
  expect(lines).toHaveLength(22);
  expect(lines.at(-1)).toBe('    … and 8 more');
});

test('says what the gate found', () => {
  const gate = { usedMib: { 0: 3, 1: 2048 }, limitMib: 2048, waitedSeconds: 3.2 };
  expect(gateOpenLine(LABEL, gate)).toBe(
    `${repeatLabel(LABEL)} launch gate: GPU ready {0: 3, 1: 2048} MiB (each <= 2048) after 3s`,
  );
});

test('says what a launch waits for', () => {
  expect(waitingLine(LABEL, { waitedSeconds: 30.4, text: 'need 2 GPU(s): GPU 1: 4096 MiB' })).toBe(
    `${repeatLabel(LABEL)} waiting 30s: need 2 GPU(s): GPU 1: 4096 MiB`,
  );
});

test('shows a running pytest in bytes and seconds of silence, with its GPUs where it has some', () => {
  const run = { logBytes: 1234, silentSeconds: 5.4 };
  expect([
    runningLine(LABEL, { ...run, usedMib: { 0: 70_000 } }),
    runningLine(LABEL, { ...run, usedMib: null }),
  ]).toEqual([
    `${repeatLabel(LABEL)} running… GPU mem={0: 70000} log=1234B stall=5s`,
    `${repeatLabel(LABEL)} running… log=1234B stall=5s`,
  ]);
});

test.each([
  [{ kind: 'fatal', signature: 'Segmentation fault' }, 'crash detected in log (Segmentation fault)'],
  [{ kind: 'timeout', limitSeconds: 60 }, 'time limit of 60 s reached'],
  [
    { kind: 'stall', stallSeconds: 600, signature: 'Connection refused' },
    'no log growth for 600 s after "Connection refused"',
  ],
  [{ kind: 'stall', stallSeconds: 3600, signature: null }, 'no log growth for 3600 s'],
  [{ kind: 'cancelled', why: 'session aborted' }, 'session aborted'],
] as const)('says why it stops pytest: %j', (stop, cause) => {
  expect(stoppingLine(LABEL, stop)).toBe(`${repeatLabel(LABEL)} ${cause} — stopping pytest`);
});
