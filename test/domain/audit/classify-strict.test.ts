import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { classifyStrict } from '../../../src/domain/audit/strict.ts';
import { makeDocsStage, makeMetric, makeObservation, makeStage, recorded } from './snapshot-fixture.ts';

const stage = makeStage();

describe('strict classification', () => {
  test('a repeat without a file is —', () => {
    expect(classifyStrict(stage, { kind: 'missing' })).toEqual({ symbol: '—', reason: 'missing file' });
  });

  test('an unreadable file is ✗', () => {
    expect(classifyStrict(stage, { kind: 'corrupt', error: 'it is not JSON' })).toEqual({
      symbol: '✗',
      reason: 'corrupt json: it is not JSON',
    });
  });

  test('a complete repeat is ✓ without a reason', () => {
    expect(classifyStrict(stage, recorded())).toEqual({ symbol: '✓', reason: '' });
  });

  test('a failed assertion with full metrics is ✓: status, reason and exit code are not consulted', () => {
    const file = recorded({ status: 'failed', reason: 'threshold_assertion (exit 1)', pytest_rc: 1 });
    expect(classifyStrict(stage, file).symbol).toBe('✓');
  });

  test('a null metric is ✗', () => {
    expect(classifyStrict(stage, recorded({ metrics: { accuracy: null } }))).toEqual({
      symbol: '✗',
      reason: 'metrics missing: accuracy',
    });
  });

  test('a metric of the stage that the file does not have is ✗, every one named', () => {
    const two = makeStage({ metrics: { accuracy: makeMetric(), rtf_mean: makeMetric() } });
    expect(classifyStrict(two, recorded({ metrics: {} })).reason).toBe('metrics missing: accuracy, rtf_mean');
  });

  test('a recorded null that is no metric of the stage does not matter', () => {
    expect(classifyStrict(stage, recorded({ metrics: { accuracy: 0.5, gone: null } })).symbol).toBe('✓');
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])('a metric that is %s is ✗', (value) => {
    expect(classifyStrict(stage, recorded({ metrics: { accuracy: value } }))).toEqual({
      symbol: '✗',
      reason: 'metrics not finite: accuracy',
    });
  });

  test('missing metrics carry the cause that pytest left', () => {
    const file = recorded({
      metrics: { accuracy: null },
      reason: 'incomplete_metrics_extraction',
      pytest_outcome: 'crashed (CUDA error)',
    });
    expect(classifyStrict(stage, file).reason).toBe('metrics missing: accuracy (crashed (CUDA error))');
  });

  test.each([
    [{ total: null, ok: 5 }, 'sample counts missing: total'],
    [{ total: 5, ok: null }, 'sample counts missing: ok'],
    [{ total: null, ok: null }, 'sample counts missing: total, ok'],
  ])('counts %j are ✗', (counts, reason) => {
    expect(classifyStrict(stage, recorded({ sample_counts: counts }))).toEqual({ symbol: '✗', reason });
  });

  test('no samples at all is ✗', () => {
    expect(classifyStrict(stage, recorded({ sample_counts: { total: 0, ok: 0 } }))).toEqual({
      symbol: '✗',
      reason: 'no samples (total 0)',
    });
  });

  test('fewer ok than total is △', () => {
    expect(classifyStrict(stage, recorded({ sample_counts: { total: 5, ok: 3 } }))).toEqual({
      symbol: '△',
      reason: 'partial samples (3/5)',
    });
  });

  test('partial is tested before the scope: 2/3 with five expected is △', () => {
    const scoped = makeStage({ expected_samples: 5 });
    expect(classifyStrict(scoped, recorded({ sample_counts: { total: 3, ok: 2 } })).symbol).toBe('△');
  });

  test('another total than expected is ✗', () => {
    const scoped = makeStage({ expected_samples: 50 });
    expect(classifyStrict(scoped, recorded())).toEqual({
      symbol: '✗',
      reason: 'sample scope mismatch (total 5 != expected 50)',
    });
  });

  test('an observation without its commit marker counts as not run', () => {
    const cell = classifyStrict(stage, {
      kind: 'recorded',
      observation: makeObservation(),
      integrity: 'uncommitted',
    });
    expect(cell.symbol).toBe('—');
    expect(cell.reason).toContain('uncommitted');
  });

  test('an observation that differs from its marker is ✗', () => {
    const cell = classifyStrict(stage, {
      kind: 'recorded',
      observation: makeObservation(),
      integrity: 'edited',
    });
    expect(cell.symbol).toBe('✗');
    expect(cell.reason).toContain('edited');
  });
});

describe('docs stages', () => {
  const docs = makeDocsStage();
  const empty = { metrics: {}, sample_counts: { total: null, ok: null } };

  test('a pass of the original tool, which records no exit code, is ✓', () => {
    expect(classifyStrict(docs, recorded(empty)).symbol).toBe('✓');
  });

  test('another exit code than 0 is ✗', () => {
    expect(classifyStrict(docs, recorded({ ...empty, pytest_rc: 1 }))).toEqual({
      symbol: '✗',
      reason: 'pytest exit code 1',
    });
  });

  test('a failed status is ✗ with the recorded reason', () => {
    expect(classifyStrict(docs, recorded({ ...empty, status: 'failed', reason: 'exit 2' })).reason).toBe(
      'exit 2',
    );
  });
});

test('a cell has a reason exactly when it is not ✓', () => {
  const count = fc.option(fc.integer({ min: 0, max: 6 }), { nil: null });
  const value = fc.option(fc.double(), { nil: null });
  fc.assert(
    fc.property(count, count, value, (total, ok, accuracy) => {
      const cell = classifyStrict(stage, recorded({ metrics: { accuracy }, sample_counts: { total, ok } }));
      expect(cell.reason === '').toBe(cell.symbol === '✓');
    }),
  );
});
