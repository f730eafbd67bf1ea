import { QueryRejectedError } from '@temporalio/client';

import { CalibError } from '../../domain/calib-error.ts';
import { messageOf } from '../../domain/text.ts';
import type { SessionClient } from './session-client.ts';

const queryLimitMs = 15_000;

/**
 * One answer of a session.
 *
 * @throws CalibError `unreachable` when it does not come within 15 s
 */
export async function queryOf<T>(
  client: SessionClient,
  session: string,
  query: { name: string },
): Promise<T> {
  const handle = client.client.workflow.getHandle(session);
  try {
    return await client.connection.withDeadline(Date.now() + queryLimitMs, () => handle.query<T>(query.name));
  } catch (error) {
    if (error instanceof QueryRejectedError) throw error;
    const own = calibErrorIn(error);
    if (own !== null) throw own;
    throw new CalibError('unreachable', `session ${session} does not answer: ${messageOf(error)}`, {
      remedy: 'is its worker running? `calib worker` starts one',
      cause: error,
    });
  }
}

/** What a codec refused, out of the SDK's wrapping. */
function calibErrorIn(error: unknown): CalibError | null {
  if (error instanceof CalibError) return error;
  return error instanceof Error && error.cause !== undefined ? calibErrorIn(error.cause) : null;
}
