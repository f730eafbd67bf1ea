import { describe, expect, it } from 'vitest';

import {
  gpuSummary,
  judgeGpus,
  type GpuFact,
  type GpusQuestion,
} from '../../../src/domain/precheck/judge-gpus.ts';

const gpu = (index: number, more: Partial<GpuFact> = {}): GpuFact => ({
  index,
  name: 'NVIDIA H20',
  uuid: `GPU-${index}`,
  memory_total_mib: 97_871,
  memory_used_mib: 3,
  free: true,
  holders: [],
  ...more,
});
const busy = (index: number, more: Partial<GpuFact> = {}) =>
  gpu(index, { free: false, memory_used_mib: 9216, ...more });

function judge(gpus: GpuFact[], asked: Partial<GpusQuestion['asked']> = {}, allowed: number[] | null = null) {
  return judgeGpus({
    asked: { needed: 2, model: null, count: null, ...asked },
    reading: { kind: 'gpus', gpus },
    allowed,
  });
}
const messages = (result: ReturnType<typeof judge>) => result.errors.map(({ message }) => message);

describe('GPUs', () => {
  it('passes with enough free ones of one kind, showing each', () => {
    expect(judge([gpu(0), gpu(1)])).toMatchObject({
      mark: '✓',
      lines: [
        'GPUs: 2× NVIDIA H20 — 2/2 free',
        '✓ GPU 0: NVIDIA H20, 3/97871 MiB, free',
        '✓ GPU 1: NVIDIA H20, 3/97871 MiB, free',
      ],
    });
  });

  it('counts a GPU with 9 GiB of an invisible process as busy', () => {
    const result = judge([gpu(0), busy(1)]);
    expect(result.lines[0]).toBe('GPUs: 2× NVIDIA H20 — 1/2 free (busy: [1])');
    expect(result.lines[2]).toBe('✗ GPU 1: NVIDIA H20, 9216/97871 MiB, no visible process holds it');
    expect(messages(result)).toEqual(['2 GPU(s) needed, 1 free; busy: 1. Precheck kills nothing']);
  });

  it('names who holds a GPU', () => {
    const holders = ['pid 4711 (root) python -m server'];
    expect(judge([gpu(0), busy(1, { holders })]).lines[2]).toContain('pid 4711 (root) python -m server');
  });

  it('does not need all of them free', () => {
    expect(judge([gpu(0), busy(1), gpu(2)]).errors).toEqual([]);
  });

  it('counts only those that the worker may use', () => {
    expect(messages(judge([gpu(0), gpu(1), gpu(2)], {}, [2]))).toEqual([
      '2 GPU(s) needed, 1 there for this session',
    ]);
  });

  it('refuses a lane with a GPU that is not there for this worker', () => {
    const lanes = [
      { name: 'lane0', gpus: [0, 1] },
      { name: 'lane1', gpus: [2, 3] },
    ];
    expect(messages(judge([gpu(0), gpu(1), gpu(2), gpu(3)], { lanes }))).toEqual([]);
    expect(messages(judge([gpu(0), gpu(1), gpu(2), gpu(3)], { lanes }, [0, 1, 2]))).toEqual([
      'lane lane1 has GPU 3, which this session cannot use; it can use 0, 1, 2',
    ]);
  });

  it('refuses GPUs of two kinds', () => {
    const result = judge([gpu(0), gpu(1, { name: 'NVIDIA L4' })]);
    expect(messages(result)).toEqual([
      'the GPUs are not of one kind (1× NVIDIA H20 + 1× NVIDIA L4): repeats would not be comparable',
    ]);
  });

  it("refuses another model or count than the host profile's", () => {
    const result = judge([gpu(0), gpu(1)], { model: 'H100', count: 8 });
    expect(messages(result)).toEqual([
      'the host profile expects GPUs of model H100, found 2× NVIDIA H20: numbers from other GPUs must not drive thresholds',
      'the host profile expects 8 GPU(s), nvidia-smi lists 2',
    ]);
  });

  it('turns a missing nvidia-smi into one clear error', () => {
    const reading = {
      kind: 'failed' as const,
      message: 'nvidia-smi cannot be started',
      remedy: 'put it on PATH',
    };
    const result = judgeGpus({ asked: { needed: 2, model: null, count: null }, reading, allowed: null });
    expect(result.errors).toEqual([
      { message: 'the GPUs cannot be read: nvidia-smi cannot be started', remedies: ['put it on PATH'] },
    ]);
  });

  it('has nothing to check where no stage needs a GPU', () => {
    const asked = { needed: 0, model: null, count: null };
    expect(judgeGpus({ asked, reading: null, allowed: null })).toMatchObject({ mark: '·', errors: [] });
  });

  it('summarises no GPU as unknown', () => {
    expect(gpuSummary([])).toBe('unknown');
  });
});
