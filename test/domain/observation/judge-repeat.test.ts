import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { StageExtraction } from '../../../src/domain/observation/extract-metrics.ts';
import {
  type JudgedRepeat,
  type RepeatEvidence,
  judgeRepeat,
} from '../../../src/domain/observation/judge-repeat.ts';
import type { StageDefinition } from '../../../src/domain/stages/stage.ts';
import {
  ASSERTION,
  CRASHED,
  GOOD_DOCUMENT,
  PASSED,
  RESULT_FILE,
  extractionFrom,
  extractionWithoutFile,
  makeDocsStage,
  makeStage,
  metricAt,
} from './stage-fixture.ts';

const SPEED = makeStage();
const SIBLING = makeStage({ key: 'nova_wer', group: 'wer', metrics: { corpus_wer: metricAt('wer') } });
const CRASHED_AFTER = { ...CRASHED, afterResults: 'SIGSEGV after the results' };
const GOOD = { ...GOOD_DOCUMENT, wer: 0.02 };

function judge(
  overrides: Partial<RepeatEvidence> & { found?: [StageDefinition, StageExtraction][] } = {},
): JudgedRepeat {
  const { found = [[SPEED, extractionFrom(SPEED, GOOD)]], ...evidence } = overrides;
  return judgeRepeat({
    stages: found.map(([stage]) => stage),
    extractions: Object.fromEntries(found.map(([stage, extraction]) => [stage.key, extraction])),
    end: PASSED,
    suspects: [],
    earlierReasons: [],
    ...evidence,
  });
}

function speedOf(document: unknown, stage = SPEED): [StageDefinition, StageExtraction][] {
  return [[stage, extractionFrom(stage, document)]];
}

function withCounts(total: unknown, ok: unknown): unknown {
  return { ...GOOD, summary: { total, ok } };
}

describe('a repeat that counts', () => {
  test('is complete when pytest passed and every stage has all its numbers', () => {
    expect(judge()).toEqual({
      verdict: { kind: 'complete' },
      statuses: { nova_speed: { status: 'ok', reason: '' } },
      cells: { nova_speed: { symbol: '✓', reason: '' } },
    });
  });

  test('is complete when a threshold assertion failed: that is data', () => {
    const judged = judge({ end: ASSERTION });

    expect(judged.verdict).toEqual({ kind: 'complete' });
    expect(judged.statuses['nova_speed']).toEqual({ status: 'ok', reason: 'threshold_assertion (exit 1)' });
  });

  test('needs the expected number of samples where the stage states one', () => {
    expect(judge({ found: speedOf(GOOD, makeStage({ expected_samples: 20 })) }).verdict.kind).toBe(
      'complete',
    );
  });
});

describe('a repeat that another run can cure', () => {
  test('is partial when fewer samples succeeded than were tried', () => {
    const judged = judge({ found: speedOf(withCounts(20, 18)), end: ASSERTION });

    expect(judged.verdict).toEqual({ kind: 'partial', reason: 'nova_speed: partial samples (18/20)' });
    expect(judged.cells['nova_speed']?.symbol).toBe('△');
  });

  test('is partial even when pytest passed', () => {
    expect(judge({ found: speedOf(withCounts(20, 18)) }).verdict.kind).toBe('partial');
  });

  test('is partial rather than a scope mismatch when samples failed', () => {
    const stage = makeStage({ expected_samples: 40 });

    expect(judge({ found: speedOf(withCounts(20, 18), stage) }).verdict.kind).toBe('partial');
  });

  test('is partial when an early abort left one metric of the stage without a number', () => {
    const found = speedOf({ ...GOOD, summary: { total: 20, ok: 3 }, speed: { qps: 1, rtf: NaN } });

    expect(judge({ found, end: ASSERTION }).verdict).toEqual({
      kind: 'partial',
      reason: 'nova_speed: partial samples (3/20)',
    });
  });

  test('spoils its good siblings', () => {
    const found: [StageDefinition, StageExtraction][] = [
      [SPEED, extractionFrom(SPEED, withCounts(20, 18))],
      [SIBLING, extractionFrom(SIBLING, GOOD)],
    ];

    const judged = judge({ found });

    expect(judged.verdict.kind).toBe('partial');
    expect(judged.cells).toEqual({
      nova_speed: { symbol: '△', reason: 'partial samples (18/20)' },
      nova_wer: { symbol: '✗', reason: 'the repeat is invalid: nova_speed: partial samples (18/20)' },
    });
  });
});

describe('the same samples missing twice in a row', () => {
  const found = speedOf(withCounts(1088, 1086));
  const previousReason = 'nova_speed: partial samples (1086/1088)';

  test('halts instead of spending the budget', () => {
    expect(judge({ found, previousReason }).verdict).toEqual({
      kind: 'halt',
      cause: {
        text: 'nova_speed: 2 of 1088 samples are missing, twice the same number',
        stage: 'nova_speed',
        key: 'sample_counts.total',
      },
    });
  });

  test.each([
    ['another number', 'nova_speed: partial samples (1085/1088)'],
    ['another stage', 'nova_wer: partial samples (1086/1088)'],
    ['nothing', undefined],
  ])('does not halt after %s', (_case, before) => {
    expect(judge({ found, previousReason: before }).verdict.kind).toBe('partial');
  });

  test('does not halt for a launch that was not the one right before', () => {
    expect(judge({ found, earlierReasons: [previousReason] }).verdict.kind).toBe('partial');
  });

  test('names every stage', () => {
    const both: [StageDefinition, StageExtraction][] = [
      [SPEED, extractionFrom(SPEED, withCounts(20, 18))],
      [SIBLING, extractionFrom(SIBLING, withCounts(20, 19))],
    ];
    const reason = 'nova_speed: partial samples (18/20); nova_wer: partial samples (19/20)';

    expect(judge({ found: both, previousReason: reason }).verdict).toMatchObject({
      cause: {
        text: 'nova_speed: 2 of 20 samples are missing; nova_wer: 1 of 20 samples are missing, twice the same number',
      },
    });
  });
});

describe('infra', () => {
  test('wins over whatever numbers are there', () => {
    expect(judge({ end: CRASHED, found: speedOf(withCounts(20, 18)) }).verdict).toEqual({
      kind: 'infra',
      reason: 'crashed (SIGSEGV)',
    });
  });

  test('does not call a crash a threshold assertion', () => {
    expect(judge({ end: CRASHED }).statuses['nova_speed']).toEqual({
      status: 'ok',
      reason: 'crashed (SIGSEGV)',
    });
  });

  test('counts if every stage was measured in full before, and says how pytest ended', () => {
    const judged = judge({ end: CRASHED_AFTER });

    expect(judged.verdict).toEqual({ kind: 'complete', after: 'SIGSEGV after the results' });
    expect(judged.statuses['nova_speed']).toEqual({ status: 'ok', reason: 'SIGSEGV after the results' });
  });

  test('counts after an exit code that is not of pytest’s', () => {
    const end = { ...CRASHED_AFTER, outcome: 'config' as const, exit_code: 120, signal: null };

    expect(judge({ end }).verdict.kind).toBe('complete');
    expect(judge({ end, found: [[SPEED, extractionWithoutFile(SPEED)]] }).verdict.kind).toBe('halt');
  });

  test('does not count where the model says so', () => {
    expect(judge({ end: CRASHED_AFTER, countAfterCrash: false }).verdict.kind).toBe('infra');
  });

  test('does not count if a sibling is missing', () => {
    const found: [StageDefinition, StageExtraction][] = [
      [SPEED, extractionFrom(SPEED, GOOD)],
      [SIBLING, extractionWithoutFile(SIBLING)],
    ];

    expect(judge({ found, end: CRASHED_AFTER }).verdict.kind).toBe('infra');
  });

  test('does not count fewer samples than the stage expects', () => {
    const found = speedOf(GOOD, makeStage({ expected_samples: 50 }));

    expect(judge({ found, end: CRASHED_AFTER }).verdict.kind).toBe('infra');
  });

  test('does not count what was written after pytest had ended', () => {
    const [[stage, extraction]] = speedOf(GOOD) as [[StageDefinition, StageExtraction]];
    const file = { path: '/r.json', sha256: '0', mtime: '2026-04-23T05:00:30.000Z' };
    const found: [StageDefinition, StageExtraction][] = [[stage, { ...extraction, result_files: [file] }]];
    const endedAt = (time: string) =>
      judge({ found, end: CRASHED_AFTER, endedAtMs: Date.parse(time) }).verdict.kind;

    expect(endedAt('2026-04-23T05:00:20Z')).toBe('infra');
    expect(endedAt('2026-04-23T05:00:29Z')).toBe('complete');
  });

  test('names the signal when the end carries no reason', () => {
    const end = { ...CRASHED, reason: '', signal: 'SIGKILL' };

    expect(judge({ end }).verdict).toEqual({ kind: 'infra', reason: 'signal SIGKILL' });
  });

  test('is what an aborted run is', () => {
    const end = { outcome: 'aborted' as const, reason: '', exit_code: null, signal: null };

    expect(judge({ end }).verdict).toEqual({ kind: 'infra', reason: 'aborted' });
  });
});

describe('HALT', () => {
  test('names stage, metric, file, path and the nearest keys when a passed test left a metric out', () => {
    const found = speedOf({ ...GOOD, speed: { qps: 4.5, rtf_mean: 0.2 } });

    expect(judge({ found }).verdict).toEqual({
      kind: 'halt',
      cause: {
        text: `nova_speed.rtf_mean: ${RESULT_FILE}::speed.rtf: speed has no key "rtf"; there is: speed.rtf_mean, speed.qps`,
        stage: 'nova_speed',
        key: 'rtf_mean',
        file: RESULT_FILE,
        path: 'speed.rtf',
        nearest: ['speed.rtf_mean', 'speed.qps'],
      },
    });
  });

  test('counts the other values that are missing too', () => {
    const found: [StageDefinition, StageExtraction][] = [[SPEED, extractionWithoutFile(SPEED)]];
    const { verdict } = judge({ found });

    expect(verdict.kind === 'halt' && verdict.cause.text).toBe(
      `nova_speed.throughput_qps: ${RESULT_FILE}: the file does not exist (also missing: rtf_mean)`,
    );
  });

  test('comes at once when a failed test left some metrics of a stage and not others', () => {
    const found = speedOf({ ...GOOD, speed: { qps: 4.5 } });

    expect(judge({ found, end: ASSERTION }).verdict.kind).toBe('halt');
  });

  test('wins over a partial sibling', () => {
    const found: [StageDefinition, StageExtraction][] = [
      [SPEED, extractionFrom(SPEED, withCounts(20, 18))],
      [SIBLING, extractionFrom(SIBLING, GOOD_DOCUMENT)],
    ];

    expect(judge({ found }).verdict.kind).toBe('halt');
  });

  test('comes for a number of samples that is not the expected one', () => {
    const found = speedOf(GOOD, makeStage({ expected_samples: 50 }));

    expect(judge({ found }).verdict).toMatchObject({
      kind: 'halt',
      cause: {
        text: 'nova_speed: sample scope mismatch (total 20 != expected 50)',
        key: 'sample_counts.total',
      },
    });
  });

  test('comes for more samples ok than there are', () => {
    expect(judge({ found: speedOf(withCounts(20, 21)) }).verdict).toMatchObject({
      kind: 'halt',
      cause: { text: 'nova_speed: more samples ok than there are (21/20)' },
    });
  });

  test('comes for no samples at all', () => {
    expect(judge({ found: speedOf(withCounts(0, 0)) }).verdict.kind).toBe('halt');
  });

  test('comes for a count that cannot be read although the metrics can', () => {
    expect(judge({ found: speedOf(withCounts('20', 20)) }).verdict).toMatchObject({
      kind: 'halt',
      cause: { key: 'sample_counts.total', path: 'summary.total' },
    });
  });

  test('comes when pytest could not run the tests', () => {
    const end = { outcome: 'config' as const, reason: 'exit 4 (usage error)', exit_code: 4, signal: null };

    expect(judge({ end }).verdict).toEqual({
      kind: 'halt',
      cause: { text: 'pytest could not run the tests: exit 4 (usage error)' },
    });
  });

  test('comes at once for a path that leads out of the base temp, even if nothing was measured', () => {
    const extraction = extractionWithoutFile(SPEED);
    const outside = { ...extraction.problems['rtf_mean'], kind: 'outside', text: 'leads out' };
    const problems = { ...extraction.problems, rtf_mean: outside } as StageExtraction['problems'];

    const { verdict } = judge({ found: [[SPEED, { ...extraction, problems }]], end: ASSERTION });

    expect(verdict).toMatchObject({ kind: 'halt', cause: { key: 'rtf_mean' } });
  });
});

describe('nothing measured after exit code 1', () => {
  const found: [StageDefinition, StageExtraction][] = [[SPEED, extractionWithoutFile(SPEED)]];
  const reason = 'nothing measured for nova_speed (exit 1)';

  test('is tried once more', () => {
    expect(judge({ found, end: ASSERTION }).verdict).toEqual({ kind: 'partial', reason });
  });

  test('halts when the same happens again', () => {
    const { verdict } = judge({ found, end: ASSERTION, earlierReasons: [reason] });

    expect(verdict).toMatchObject({
      kind: 'halt',
      cause: { stage: 'nova_speed', key: 'throughput_qps', file: RESULT_FILE },
    });
    expect(verdict.kind === 'halt' && verdict.cause.text).toMatch(
      /^nothing measured for nova_speed \(exit 1\), twice/,
    );
  });

  test('does not halt after an earlier failure of another kind', () => {
    const earlierReasons = ['OOM', 'nova_speed: partial samples (18/20)'];

    expect(judge({ found, end: ASSERTION, earlierReasons }).verdict.kind).toBe('partial');
  });

  test('is tried within the budget while a suspect line of the log may explain it', () => {
    const suspects = ['Connection refused'];
    const first = judge({ found, end: ASSERTION, suspects }).verdict;
    const earlierReasons = first.kind === 'partial' ? [first.reason] : [];

    expect(judge({ found, end: ASSERTION, suspects, earlierReasons }).verdict).toEqual(first);
    expect(earlierReasons).toEqual([
      'nothing measured for nova_speed (exit 1, log says "Connection refused")',
    ]);
  });

  test('halts at once when pytest passed', () => {
    expect(judge({ found }).verdict.kind).toBe('halt');
  });

  test('treats a failed docs smoke test alike', () => {
    const docs = makeDocsStage();
    const docsFound: [StageDefinition, StageExtraction][] = [[docs, extractionFrom(docs, {})]];

    const judged = judge({ found: docsFound, end: ASSERTION });

    expect(judged.verdict.kind).toBe('partial');
    expect(judged.statuses['docs']).toEqual({ status: 'failed', reason: 'exit 1' });
  });
});

test('a docs stage is complete when pytest passed', () => {
  const docs = makeDocsStage();

  expect(judge({ found: [[docs, extractionFrom(docs, {})]] }).verdict.kind).toBe('complete');
});

test('keeps incomplete_metrics_extraction apart from how pytest ended', () => {
  const judged = judge({ found: [[SPEED, extractionWithoutFile(SPEED)]], end: CRASHED });

  expect(judged.statuses['nova_speed']).toEqual({
    status: 'failed',
    reason: 'incomplete_metrics_extraction',
  });
});

test('calls a repeat complete if and only if every stage is ✓, whatever was measured after exit 0 or 1', () => {
  const number = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constantFrom(null, NaN, '3', true, -1, 1.5));
  const document = fc.record({
    summary: fc.record({ total: number, ok: number }),
    speed: fc.record({ qps: number, rtf: number }, { requiredKeys: [] }),
  });
  const expected = fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined });
  fc.assert(
    fc.property(document, expected, fc.constantFrom(PASSED, ASSERTION), (measured, samples, end) => {
      const stage = makeStage(samples === undefined ? {} : { expected_samples: samples });

      const { verdict, cells } = judge({ found: speedOf(measured, stage), end });

      expect(verdict.kind === 'complete').toBe(cells[stage.key]?.symbol === '✓');
    }),
  );
});
