import { CancelledFailure } from '@temporalio/activity';
import { describe, expect, it } from 'vitest';

import { boundedResult, unexplained, withoutSecrets } from '../../src/activities/failures.ts';

const failureFrom = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return error;
  }
};

describe('a result of an activity', () => {
  it('is refused for good, with a short reason, where no history takes it', () => {
    expect(failureFrom(() => boundedResult({ key: 'k'.repeat(2_000_000) }))).toMatchObject({
      type: 'GivenUp',
      nonRetryable: true,
      message: 'its result holds 2000010 bytes, more than the 1500000 that a history takes',
    });
  });

  it('is handed on as it is where it is small', () => {
    expect([boundedResult({ a: 1 }), boundedResult(undefined)]).toEqual([{ a: 1 }, undefined]);
  });
});

describe('a failure of an activity', () => {
  it('without a known reason is final once it has come often enough', () => {
    const bug = new TypeError('x is not a function');
    expect([unexplained(bug, 1), unexplained(bug, 9)]).toEqual([bug, bug]);
    expect(unexplained(bug, 10)).toMatchObject({
      type: 'GivenUp',
      nonRetryable: true,
      message: 'x is not a function (the same after 10 attempts)',
    });
  });

  it('that is a cancellation stays one', () => {
    const cancelled = new CancelledFailure('cancelled');
    const aborted = Object.assign(new Error('aborted'), { name: 'AbortError' });
    expect([unexplained(cancelled, 50), unexplained(aborted, 50)]).toEqual([cancelled, aborted]);
  });

  it('is bounded, and acts on no terminal, in its message and its causes', () => {
    const failure = new Error(`no key ${'k'.repeat(6_000_000)}`, { cause: new Error('\u001b[2J') });
    const { message, cause } = withoutSecrets(failure);
    expect([message.length <= 4000, (cause as Error).message]).toEqual([true, String.raw`\x1b[2J`]);
  });
});
