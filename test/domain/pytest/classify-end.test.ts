import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { classifyEnd, type PytestEnd } from '../../../src/domain/pytest/classify-end.ts';
import { signatures } from '../../../src/domain/pytest/log-signatures.ts';

const classify = (end: Partial<PytestEnd>) =>
  classifyEnd({ exitCode: null, signal: null, ownStop: null, signatures: [], ...end });
const verdict = (end: Partial<PytestEnd>) => {
  const { outcome, reason } = classify(end);
  return `${outcome}: ${reason}`;
};

describe('how a launch ended', () => {
  it.each<[string, Partial<PytestEnd>, string]>([
    ['a pass', { exitCode: 0 }, 'ok: '],
    ['a threshold assertion', { exitCode: 1 }, 'assertion: exit 1'],
    ['an interrupt', { exitCode: 2 }, 'config: exit 2 (interrupted or collection error)'],
    ['an internal error', { exitCode: 3 }, 'config: exit 3 (internal error)'],
    ['a usage error', { exitCode: 4 }, 'config: exit 4 (usage error)'],
    ['nothing collected', { exitCode: 5 }, 'config: exit 5 (no tests collected)'],
    ['an unknown code', { exitCode: 77 }, 'config: exit 77'],
    ['137 from a shell', { exitCode: 137 }, 'infra: exit 137 (killed)'],
    ['139 from a shell', { exitCode: 139 }, 'infra: exit 139 (segfault)'],
    ['134 from a shell', { exitCode: 134 }, 'infra: crashed (SIGABRT)'],
    ['143 from a shell', { exitCode: 143 }, 'infra: crashed (signal 15)'],
    ['a KILL by somebody else', { signal: 'SIGKILL' }, 'infra: exit 137 (killed)'],
    ['a segmentation fault', { signal: 'SIGSEGV' }, 'infra: exit 139 (segfault)'],
    ['an abort', { signal: 'SIGABRT' }, 'infra: crashed (SIGABRT)'],
    ['a bus error', { signal: 'SIGBUS' }, 'infra: crashed (SIGBUS)'],
    ['a hang-up, which v0.6.0 took for its own kill', { signal: 'SIGHUP' }, 'infra: crashed (SIGHUP)'],
    ['exit 1 after out of memory', { exitCode: 1, signatures: ['OutOfMemoryError'] }, 'infra: OOM'],
    [
      'exit 1 after a fatal signature',
      { exitCode: 1, signatures: ['Connection refused', 'All workers failed'] },
      'infra: crashed (All workers failed)',
    ],
    ['exit 1 after TimeoutExpired', { exitCode: 1, signatures: ['TimeoutExpired'] }, 'infra: TimeoutExpired'],
    [
      'calib ending it for a fatal signature',
      { signal: 'SIGTERM', ownStop: { kind: 'fatal', signature: 'Segmentation fault' } },
      'infra: crashed (Segmentation fault)',
    ],
    [
      'calib ending it for memory',
      { signal: 'SIGKILL', ownStop: { kind: 'fatal', signature: 'CUDA out of memory' } },
      'infra: OOM',
    ],
    [
      'the time limit',
      { exitCode: 1, ownStop: { kind: 'timeout', limitSeconds: 14_400 } },
      'infra: timeout (14400 s)',
    ],
    [
      'a silence that nothing explains',
      { signal: 'SIGTERM', ownStop: { kind: 'stall', stallSeconds: 3600, signature: null } },
      'infra: timeout (no log growth for 3600 s)',
    ],
    [
      'a pass that left memory on its GPUs',
      { exitCode: 0, leftover: 'GPU memory not released after run' },
      'infra: GPU memory not released after run',
    ],
    [
      'a crash that left memory on its GPUs',
      { exitCode: 139, leftover: 'GPU memory not released after run' },
      'infra: exit 139 (segfault)',
    ],
    [
      'a stall',
      { signal: 'SIGTERM', ownStop: { kind: 'stall', stallSeconds: 600, signature: 'Connection refused' } },
      'infra: timeout (no log growth for 600 s after "Connection refused")',
    ],
    [
      'a pass that beat the time limit',
      { exitCode: 0, ownStop: { kind: 'timeout', limitSeconds: 1 } },
      'ok: ',
    ],
    [
      'a cancelled session',
      { signal: 'SIGTERM', ownStop: { kind: 'cancelled', why: 'session cancelled' } },
      'aborted: session cancelled',
    ],
    ['a lost supervisor', { lost: 'supervisor died' }, 'infra: crashed (supervisor died)'],
    [
      'a missing interpreter',
      { startError: { kind: 'spawn', code: 'ENOENT', message: 'spawn python ENOENT' } },
      'config: could not start pytest: spawn python ENOENT',
    ],
    [
      'no memory for a process',
      { startError: { kind: 'spawn', code: 'EAGAIN', message: 'spawn python EAGAIN' } },
      'infra: could not start pytest: spawn python EAGAIN',
    ],
    [
      'a lane that another run holds',
      { startError: { kind: 'lease', code: 'EADDRINUSE', message: 'in use' } },
      'infra: could not start pytest: in use',
    ],
  ])('%s', (_case, end, expected) => {
    expect(verdict(end)).toBe(expected);
  });

  it.each<[string, Partial<PytestEnd>, string | null]>([
    ['an abort while it shut down', { signal: 'SIGABRT' }, 'SIGABRT after the results'],
    ['a segmentation fault below a shell', { exitCode: 139 }, 'SIGSEGV after the results'],
    ['a code that is not pytest’s', { exitCode: 120 }, 'exit 120 after the results'],
    [
      'a process that did not exit',
      { signal: 'SIGTERM', ownStop: { kind: 'exit', graceSeconds: 60 } },
      'ended by calib 60 s after the last test',
    ],
    [
      'the time limit',
      { signal: 'SIGTERM', ownStop: { kind: 'timeout', limitSeconds: 8 } },
      'ended by calib after the results: timeout (8 s)',
    ],
    [
      'out of memory in the log',
      { exitCode: 1, signatures: ['CUDA out of memory'] },
      'exit 1 with complete results and "CUDA out of memory" in the log',
    ],
    ['memory that is not given back', { exitCode: 139, leftover: 'GPU memory not released' }, null],
    ['an end that nobody saw', { lost: 'supervisor died' }, null],
    ['an internal error of pytest', { exitCode: 3 }, null],
    ['an abort of the session', { ownStop: { kind: 'cancelled', why: 'session aborted' } }, null],
    ['a pytest that never started', { startError: { kind: 'lease', code: 'X', message: 'm' } }, null],
  ])('says of complete results before %s whether and how they count', (_case, end, expected) => {
    expect(classify(end).afterResults).toBe(expected);
  });

  it('keeps a suspect signature as explanation only', () => {
    expect(classify({ exitCode: 1, signatures: ['Connection refused'] })).toEqual({
      outcome: 'assertion',
      reason: 'exit 1',
      suspects: ['Connection refused'],
      afterResults: null,
    });
  });

  const anySignatures = fc.subarray(signatures.map((signature) => signature.name));

  it('lets no log text turn a pass into anything else', () => {
    fc.assert(
      fc.property(anySignatures, (found) => {
        expect(classify({ exitCode: 0, signatures: found })).toEqual({
          outcome: 'ok',
          reason: '',
          suspects: [],
          afterResults: null,
        });
      }),
    );
  });

  it('gives every failure a reason', () => {
    fc.assert(
      fc.property(anySignatures, fc.integer({ min: 1, max: 255 }), (found, exitCode) => {
        expect(classify({ exitCode, signatures: found }).reason).not.toBe('');
      }),
    );
  });

  it('never takes a signal for a threshold assertion', () => {
    const signal = fc.constantFrom('SIGKILL', 'SIGSEGV', 'SIGABRT', 'SIGBUS', 'SIGTERM', 'SIGINT', 'SIGHUP');
    fc.assert(
      fc.property(anySignatures, signal, (found, name) => {
        expect(classify({ signal: name, signatures: found }).outcome).toBe('infra');
      }),
    );
  });
});
