import { describe, expect, test } from 'vitest';

import { classifyStrict } from '../../../src/domain/audit/strict.ts';
import { judgeRepeat } from '../../../src/domain/observation/judge-repeat.ts';
import type { JudgedEnd } from '../../../src/domain/observation/observation.ts';
import { startabilityProblems } from '../../../src/domain/session/startability.ts';
import {
  ASSERTION,
  CRASHED,
  extractionFrom,
  GOOD_DOCUMENT,
  makeStage,
  PASSED,
  RESULT_FILE,
} from './stage-fixture.ts';

const STAGE = makeStage({
  observation_validity: { json_file: RESULT_FILE, json_path: 'check.valid' },
  allowed_pytest_failure: { json_file: RESULT_FILE, json_path: 'check.threshold' },
});

function judge(check: unknown, end: JudgedEnd, previousReason?: string) {
  const extraction = extractionFrom(STAGE, { ...GOOD_DOCUMENT, check });
  const judged = judgeRepeat({
    stages: [STAGE],
    extractions: { [STAGE.key]: extraction },
    end,
    suspects: [],
    earlierReasons: [],
    ...(previousReason === undefined ? {} : { previousReason }),
  });
  return { ...judged, status: judged.statuses[STAGE.key], cell: judged.cells[STAGE.key] };
}

describe('a test that says of its own run whether it counts', () => {
  test.each<[unknown, JudgedEnd, string]>([
    [{ valid: true, threshold: false }, PASSED, ''],
    [{ valid: true, threshold: true }, ASSERTION, 'threshold_assertion (exit 1)'],
  ])('%j, pytest %j: it counts', (check, end, reason) => {
    const { status, cell, verdict } = judge(check, end);
    expect(status).toEqual({ status: 'ok', reason });
    expect(cell?.symbol).toBe('✓');
    expect(verdict).toEqual({ kind: 'complete' });
  });

  test.each<[unknown, JudgedEnd, string]>([
    [{ valid: false, threshold: false }, PASSED, 'observation_validity_failed'],
    [{ valid: true, threshold: true }, PASSED, 'unexpected_recorded_pytest_failure'],
    [{ threshold: true }, ASSERTION, 'observation_validity_missing'],
    [{ valid: 'yes', threshold: true }, ASSERTION, 'observation_validity_missing'],
    [{ valid: true }, ASSERTION, 'allowed_pytest_failure_missing'],
    [{ valid: true, threshold: false }, ASSERTION, 'unexpected_pytest_failure (exit 1)'],
  ])('%j, pytest %j: another run is needed, %s', (check, end, reason) => {
    const { status, cell, verdict } = judge(check, end);
    expect(status).toEqual({ status: 'failed', reason });
    expect(cell?.symbol).toBe('✗');
    expect(verdict).toEqual({ kind: 'partial', reason: `nova_speed: ${reason}` });
  });

  test('the same twice in a row is for a person', () => {
    const reason = 'nova_speed: observation_validity_failed';
    expect(judge({ valid: false }, PASSED, reason).verdict).toEqual({
      kind: 'halt',
      cause: { text: `${reason}, twice in a row`, stage: 'nova_speed', key: 'observation_validity' },
    });
  });

  test('a boolean that a passing test never wrote stops everything, with its path', () => {
    expect(judge({ threshold: false }, PASSED).verdict).toMatchObject({
      kind: 'halt',
      cause: { key: 'observation_validity', path: 'check.valid', file: RESULT_FILE },
    });
  });

  test('a crash is no failure that it allows', () => {
    expect(judge({ valid: true, threshold: true }, CRASHED).status?.status).toBe('failed');
  });

  test('a record without what the stage now demands is not strict, other stages do not care', () => {
    const { observation_validity: _valid, allowed_pytest_failure: _allowed, ...plain } = STAGE;
    const file = {
      kind: 'recorded' as const,
      integrity: 'legacy' as const,
      observation: {
        status: 'ok',
        reason: '',
        metrics: { throughput_qps: 1, rtf_mean: 1 },
        sample_counts: { total: 1, ok: 1 },
        duration_s: null,
        attempts: null,
      },
    };
    expect(classifyStrict(STAGE, file)).toEqual({ symbol: '✗', reason: 'observation_validity_missing' });
    expect(classifyStrict(plain, file).symbol).toBe('✓');
  });

  test('a stage whose boolean has no file cannot be started', () => {
    const source = { json_file: null, json_path: 'valid' };
    expect(startabilityProblems([{ ...STAGE, observation_validity: source }])).toEqual([
      'nova_speed: observation_validity names no result file',
    ]);
  });
});
