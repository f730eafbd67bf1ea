import { describe, expect, test } from 'vitest';

import { contextLine, type ContextLineFacts } from '../../src/report/context-line.ts';
import { makeDocsStage, makeStage, recorded } from '../domain/audit/snapshot-fixture.ts';
import { bindings } from './report-fixture.ts';

const precheck = { sglang: null, torch: null, gpu_summary: '2× NVIDIA H20', driver: null, cuda: null };

function line(overrides: Partial<ContextLineFacts> = {}): string {
  const files = [recorded({ sample_counts: { total: 2000, ok: 2000 } })];
  return contextLine({ stage: makeStage(), files, bindings, precheck, gpus: 2, repeats: 5, ...overrides });
}

describe('context lines', () => {
  test('name GPU, samples, tokens, concurrency and runs, underscores of literals dropped', () => {
    expect(line()).toBe('— 2× NVIDIA H20, 2000 samples, max_tokens=32, concurrency=8, 5 runs');
  });

  test('what is not known is a question mark', () => {
    expect(line({ bindings: null, precheck: null, files: [] })).toBe(
      '— ?, ? samples, max_tokens=?, concurrency=?, 5 runs',
    );
  });

  test('a variable that is no literal is a question mark', () => {
    const unresolved = [{ keyword: 'max_tokens' as const, name: 'MAX_TOKENS', literal: null, line: 1 }];
    expect(line({ bindings: unresolved })).toContain('max_tokens=?');
  });

  test('max_new_tokens counts as tokens', () => {
    const other = [{ keyword: 'max_new_tokens' as const, name: null, literal: '256', line: 1 }];
    expect(line({ bindings: other })).toContain('max_tokens=256');
  });

  test('several values of one keyword are all shown', () => {
    const both = [...bindings, { keyword: 'max_tokens' as const, name: null, literal: '64', line: 9 }];
    expect(line({ bindings: both })).toContain('max_tokens=32/64');
  });

  test('without any other source the recorded total is the number of samples, marked as observed', () => {
    expect(line({ bindings: [] })).toContain('2000 samples (observed)');
  });

  test('the configured scope is the number of samples', () => {
    expect(line({ stage: makeStage({ expected_samples: 50 }) })).toContain(', 50 samples,');
  });

  test('a literal that the runs contradict is shown with what was observed', () => {
    expect(line({ files: [recorded()] })).toContain('2000 samples (observed 5)');
  });

  test('a unit without GPUs says CPU, and which one where that is recorded', () => {
    expect(line({ gpus: 0 })).toMatch(/^— CPU, /);
    expect(line({ gpus: 0, cpuModel: 'AMD EPYC 9754 128-Core Processor' })).toMatch(
      /^— CPU \(AMD EPYC 9754 128-Core Processor\), /,
    );
  });

  test('what the test does not bind is taken from the arguments that the plan passes to pytest', () => {
    const pytestArgs = ['--concurrency', '16', '--max-samples=40', '--max_tokens=64', '--seed', '7'];
    expect(line({ bindings: [], pytestArgs, files: [] })).toContain(
      '40 samples, max_tokens=64, concurrency=16',
    );
    expect(line({ bindings: [], pytestArgs })).toContain('40 samples (observed 2000)');
  });

  test('an argument beside another number of the test is shown beside it, never instead', () => {
    expect(line({ pytestArgs: ['--concurrency=16'] })).toContain('concurrency=8/16');
    expect(line({ pytestArgs: ['--concurrency=8'] })).toContain('concurrency=8,');
  });

  test('the key of the table of thresholds is the concurrency where nothing else says it', () => {
    expect(line({ bindings: [], tableKey: 32 })).toContain('concurrency=32');
    expect(line({ bindings: [], tableKey: 32, pytestArgs: ['--concurrency', '16'] })).toContain(
      'concurrency=16',
    );
    expect(line({ bindings: [], tableKey: null })).toContain('concurrency=?');
    expect(line({ bindings: [], tableKey: 32, files: [] })).toContain('? samples, max_tokens=?');
  });

  test('an argument that is no number says nothing', () => {
    expect(line({ bindings: [], pytestArgs: ['--concurrency', 'auto', '--max-tokens'] })).toContain(
      'max_tokens=?, concurrency=?',
    );
  });

  test('a docs stage says docs smoke', () => {
    expect(line({ stage: makeDocsStage() })).toBe('— 2× NVIDIA H20, docs smoke, 5 runs');
  });
});
