import { ApplicationFailure } from '@temporalio/activity';
import { describe, expect, it } from 'vitest';

import { createActivities } from '../../src/activities/create-activities.ts';
import { withoutSecrets } from '../../src/activities/failures.ts';

const secret = 'plantedPassword';

/** Everything that a history would keep of a failure. */
function told(error: unknown): string {
  if (!(error instanceof Error)) return '';
  return [error.message, error.stack, told(error.cause)].join('\n');
}

describe('a failure on its way into a history', () => {
  it('loses what looks like a secret from message and stack, its causes included', () => {
    const root = new Error(`open /srv/x --password ${secret}`);
    const cause = new Error(`via http://me:${secret}@proxy.invalid:3128`, { cause: root });
    const failure = ApplicationFailure.create({
      message: `API_KEY=${secret}`,
      type: 'StorageFailure',
      cause,
    });
    expect(told(failure)).toContain(secret);
    expect(told(withoutSecrets(failure))).not.toContain(secret);
  });

  it('stays what it is: type, retry and identity', () => {
    const failure = ApplicationFailure.nonRetryable('no', 'InvalidInput');
    expect(withoutSecrets(failure)).toBe(failure);
    expect(failure).toMatchObject({ message: 'no', type: 'InvalidInput', nonRetryable: true });
  });

  it('may be its own cause', () => {
    const failure = new Error(`TOKEN=${secret}`);
    failure.cause = failure;
    expect(withoutSecrets(failure).message).not.toContain(secret);
  });

  it('leaves every activity that way, whatever kind of error it was', async () => {
    const activities = createActivities({
      hostname: 'host',
      gpus: null,
      lanes: 1,
      isSessionOpen: async () => true,
    });
    const runDir = `/nonexistent/--password ${secret}`;
    const calls = [
      activities.writeReport({ run_dir: runDir }),
      activities.syncSession({ run_dir: runDir }),
      activities.logMilestones({ run_dir: runDir, lines: ['x'] }),
    ];
    for (const result of await Promise.allSettled(calls)) {
      expect(result.status).toBe('rejected');
      expect(told(result.status === 'rejected' ? result.reason : null)).not.toContain(secret);
    }
  });
});
