import { Session } from './session.ts';
import type { SessionInput, SessionResult } from './messages.ts';

/**
 * One calibration session of one commit. Ends with a result for every foreseen end (completed, aborted, failed); waits
 * without limit wherever a person has to act.
 */
export async function calibrate(input: SessionInput): Promise<SessionResult> {
  return await new Session(input).run();
}
