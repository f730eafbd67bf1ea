import { ApplicationFailure } from '@temporalio/workflow';

import { firstIssue } from '../domain/first-issue.ts';
import { failureTypes } from '../domain/session/failure-types.ts';
import { sessionPlanSchema } from '../domain/session/session-plan.ts';
import { Session } from './session.ts';
import type { SessionInput, SessionResult } from './messages.ts';

/**
 * One calibration session of one commit. Ends with a result for every foreseen end (completed, aborted, failed); waits
 * without limit wherever a person has to act.
 *
 * @throws ApplicationFailure when the input is no plan (a session started by hand, without the command line)
 */
export async function calibrate(input: SessionInput): Promise<SessionResult> {
  return await new Session(checked(input)).run();
}

function checked(input: SessionInput): SessionInput {
  const parsed = sessionPlanSchema.safeParse((input as SessionInput | undefined)?.plan);
  if (parsed.success) return { ...input, plan: parsed.data };
  throw ApplicationFailure.nonRetryable(
    `not a session's plan: ${firstIssue(parsed.error, 'plan')} (start sessions with \`calib start\`)`,
    failureTypes.invalid,
  );
}
