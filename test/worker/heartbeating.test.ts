import { MockActivityEnvironment } from '@temporalio/testing';
import { Context } from '@temporalio/activity';
import { describe, expect, it } from 'vitest';

import { heartbeating } from '../../src/worker/run-worker.ts';

describe('heartbeating', () => {
  it('says at once that the worker has the task, and hands the activity through', async () => {
    const environment = new MockActivityEnvironment();
    let beats = 0;
    environment.on('heartbeat', () => {
      beats += 1;
    });
    const given = { args: ['a'], headers: {} };
    const result = await environment.run(async () => {
      const { inbound } = heartbeating(Context.current());
      return await inbound?.execute?.(given, ({ args }) => Promise.resolve([beats, args]));
    });
    expect(result).toEqual([1, ['a']]);
  });
});
