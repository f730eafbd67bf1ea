import { describe, expect, test } from 'vitest';

import { matrixFromSnapshot } from '../../../src/domain/audit/matrix.ts';
import { type LiveFacts, statusDocument, statusIsReady } from '../../../src/domain/audit/status-document.ts';
import { makeSnapshot, makeStage, OTHER_COMMIT, recorded } from './snapshot-fixture.ts';

const facts: LiveFacts = {
  run_dir: '.tune-runs/x',
  now: '2026-04-23T06:00:00Z',
  gpus: null,
  gpu_error: 'nvidia-smi not found',
  run_log: '',
  state: 'offline',
  active: [],
  halt: null,
  budget: null,
  eta_s: null,
};

function status(overrides: Partial<LiveFacts> = {}, snapshot = makeSnapshot()) {
  return statusDocument(matrixFromSnapshot(snapshot), { ...facts, ...overrides });
}

describe('status', () => {
  test('has the fields of the specification in order, then calib’s', () => {
    expect(Object.keys(status())).toEqual([
      'run_dir',
      'model',
      'repeats',
      'complete',
      'ok',
      'total',
      'missing_count',
      'missing',
      'gpu_memory_mib',
      'gpu_busy',
      'gpu_ready',
      'gpus_under_2gb_mib',
      'launch_allowed',
      'gpu_mem_limit_mib',
      'pytest_active',
      'run_log_tail',
      'agent_poll_interval_s',
      'strict_ready',
      'strict_complete',
      'timestamp',
      'gpu_error',
      'state',
      'active',
      'halt',
      'git_provenance',
      'calibration_git_sha',
      'strict',
      'budget',
      'eta_s',
    ]);
  });

  test('GPU fields are null with the error when they cannot be read', () => {
    expect(status()).toMatchObject({
      gpu_memory_mib: null,
      launch_allowed: null,
      gpu_error: 'nvidia-smi not found',
    });
  });

  test('a GPU is ready without a compute app and up to 2048 MiB', () => {
    const gpus = [
      { index: 2, memory_used_mib: 2048, has_compute_app: false },
      { index: 0, memory_used_mib: 2049, has_compute_app: false },
      { index: 1, memory_used_mib: 4, has_compute_app: true },
    ];
    expect(status({ gpus, gpu_error: null })).toMatchObject({
      gpu_memory_mib: { '0': 2049, '1': 4, '2': 2048 },
      gpu_busy: [1],
      gpu_ready: 1,
      gpus_under_2gb_mib: { '2': 2048 },
      launch_allowed: false,
    });
  });

  test('a host without GPUs does not allow a launch', () => {
    expect(status({ gpus: [], gpu_error: null }).launch_allowed).toBe(false);
  });

  test('the tail of run.log is its last fifteen lines', () => {
    const log = `${Array.from({ length: 20 }, (_, index) => `line ${index + 1}`).join('\n')}\n`;
    const tail = status({ run_log: log }).run_log_tail;
    expect(tail).toHaveLength(15);
    expect(tail.at(-1)).toBe('line 20');
  });

  test('the missing list is cut at thirty, the count is not', () => {
    const stages = Array.from({ length: 11 }, (_, index) => makeStage({ key: `s${index}` }));
    const gap = Array.from({ length: 3 }, () => ({ kind: 'missing' }) as const);
    const cells = Object.fromEntries(stages.map((stage) => [stage.key, gap]));
    const document = status({}, makeSnapshot({ stages, cells }));
    expect(document.missing).toHaveLength(30);
    expect(document.missing_count).toBe(33);
  });

  test('pytest is active when a repeat runs, and null when nobody can tell', () => {
    const run = {
      namespace: 'test_nova_ci',
      k: 1,
      attempt: 1,
      started_at: '2026-04-23T05:59:00Z',
      log: '/log',
      log_bytes: 10,
      stalled_s: 0,
      gpus: [0],
    };
    expect(status({ active: [run] }).pytest_active).toBe(true);
    expect(status({ active: [] }).pytest_active).toBe(false);
    expect(status({ active: null }).pytest_active).toBeNull();
  });

  test('is ready by completeness and strict alone; provenance is only shown', () => {
    const edited = makeSnapshot({ plan: { calibration_git_sha: '', git_sha: '' } });
    const document = status({}, edited);
    expect(document.git_provenance.ok).toBe(false);
    expect(statusIsReady(document)).toBe(true);
    expect(status().strict_ready).toBe('1/1');
  });

  test('is not ready when a repeat is of another commit', () => {
    const cells = { nova_accuracy: [recorded(), recorded({ git_sha: OTHER_COMMIT }), recorded()] };
    expect(statusIsReady(status({}, makeSnapshot({ cells })))).toBe(false);
  });
});
