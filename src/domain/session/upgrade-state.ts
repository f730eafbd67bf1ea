import { z } from 'zod';

import { CalibError } from '../calib-error.ts';
import type { SessionState } from './session-state.ts';

/** The version that `initialState` writes. */
const newest = 2;

const versioned = z.looseObject({ version: z.number().int().min(1) });

/**
 * The state that an earlier run of the workflow handed on, in the shape of this build. Each step turns one version into
 * the next, so that a session begun by any earlier build goes on.
 *
 * @param carried `state` of the workflow's argument: written by this build or by an earlier one
 * @throws CalibError `invalid-input` for what is no state, or one of a newer build. Thrown in workflow code it fails the
 *   workflow task, not the session: the task is tried again until a worker of the right build takes it.
 */
export function upgradeState(carried: unknown): SessionState {
  const parsed = versioned.safeParse(carried);
  if (!parsed.success) {
    throw new CalibError('invalid-input', 'the state that the session handed on has no version', {
      remedy: 'start a worker of the calib version that began the session',
    });
  }
  if (parsed.data.version > newest) {
    throw new CalibError(
      'invalid-input',
      `the session's state has version ${parsed.data.version}, this worker knows 1 to ${newest}`,
      { remedy: 'start a worker of the calib version that began the session, or of a newer one' },
    );
  }
  const state: Record<string, unknown> = { ...parsed.data };
  if (state['version'] === 1) toVersion2(state);
  return state as unknown as SessionState;
}

/** Version 1 left out the reasons of the scheduling audit until a cell had one of its own. */
function toVersion2(state: Record<string, unknown>): void {
  state['incomplete'] ??= {};
  state['version'] = 2;
}
