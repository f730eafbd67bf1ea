import { ApplicationFailure } from '@temporalio/common';
import { Worker } from '@temporalio/worker';
import { expect, test } from 'vitest';

import type { LogPart, ReadLogInput } from '../../src/activities/activity-types.ts';
import { failureTypes } from '../../src/domain/session/session-state.ts';
import { hostTaskQueues, readLogWorkflowType } from '../../src/workflows/messages.ts';
import { idFromTitle, useServer } from '../server/test-place.ts';

const place = useServer();

const input: ReadLogInput = {
  run_dir: '/runs/20260423T050000Z_nova',
  session_id: '20260423T050000Z_nova',
  namespace: 'test_nova_ci',
  repeat: 1,
  attempt: 2,
  offset: 10,
  wait_ms: 0,
};

/** Runs the workflow while that host's home queue answers with what is given. */
async function ask(readLogPart: (input: ReadLogInput) => Promise<LogPart>): Promise<LogPart> {
  const { client, nativeConnection: connection, namespace, workflowQueue: taskQueue } = place();
  const host = idFromTitle();
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue: hostTaskQueues(host).home,
    activities: { readLogPart },
  });
  const asked = client.workflow.execute<(request: unknown) => Promise<LogPart>>(readLogWorkflowType, {
    workflowId: `calib-log-${host}`,
    taskQueue,
    args: [{ host, ...input }],
  });
  return await worker.runUntil(asked);
}

test('the host that the log lies on is asked for the part', async () => {
  const part = { text: 'collected 3 items\n', offset: 28, ended: false };
  const asked: ReadLogInput[] = [];
  const answer = await ask(async (wanted) => {
    asked.push(wanted);
    return await Promise.resolve(part);
  });
  expect(answer).toEqual(part);
  expect(asked).toEqual([input]);
});

test('what can never be read is asked for once', async () => {
  let asked = 0;
  const answer = ask(async () => {
    asked += 1;
    return await Promise.reject(ApplicationFailure.nonRetryable('another session', failureTypes.invalid));
  });
  await expect(answer).rejects.toMatchObject({ cause: { cause: { message: 'another session' } } });
  expect(asked).toBe(1);
});
