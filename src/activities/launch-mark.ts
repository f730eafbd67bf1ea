import type { LaunchMark } from '../host/process/repeat-mark.ts';
import type { RunRepeatInput } from './activity-types.ts';
import { sessionMark } from './session-mark.ts';

/** The mark that every process of one launch inherits. */
export function launchMark(input: RunRepeatInput, attempt: number, token: string): LaunchMark {
  const { namespace, repeat } = input;
  return { session: sessionMark(input), namespace, repeat, attempt, token };
}
