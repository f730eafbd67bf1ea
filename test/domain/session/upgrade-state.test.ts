import { describe, expect, test } from 'vitest';

import { setCell } from '../../../src/domain/session/matrix.ts';
import { initialState } from '../../../src/domain/session/session-state.ts';
import { upgradeState } from '../../../src/domain/session/upgrade-state.ts';
import { sampleSessionPlan } from './sample-session-plan.ts';

const plan = sampleSessionPlan();

/** As a build handed it on that wrote version 1: without `incomplete` until a cell had a reason of its own. */
function stateOfVersion1(): Record<string, unknown> {
  const { incomplete: _, ...state } = initialState(plan, '2026-01-01T00:00:00Z');
  return { ...structuredClone(state), version: 1 };
}

describe('upgradeState', () => {
  test('brings a state of version 1 into the shape that this build works with', () => {
    const state = upgradeState(stateOfVersion1());
    expect(state).toEqual(initialState(plan, '2026-01-01T00:00:00Z'));
    const [stage] = plan.stages;
    if (stage === undefined) throw new Error('the sample plan has no stage');
    const cell = { symbol: '✗' as const, reason: 'no metrics', incomplete: 'failed' };
    setCell(state, stage.key, 1, cell);
    expect(state.incomplete).toEqual({ [stage.key]: { '1': 'failed' } });
  });

  test('keeps what a state of version 1 knew', () => {
    const older = { ...stateOfVersion1(), launches: 7, incomplete: { a: { '2': null } } };
    expect(upgradeState(older)).toMatchObject({ version: 2, launches: 7, incomplete: { a: { '2': null } } });
  });

  test('leaves a state of this build as it is', () => {
    const state = initialState(plan, '2026-01-01T00:00:00Z');
    expect(upgradeState(structuredClone(state))).toEqual(state);
  });

  test.each([{ version: 3 }, { version: 999 }])('refuses a state of a newer build: %o', (newer) => {
    expect(() => upgradeState({ ...stateOfVersion1(), ...newer })).toThrow(/this worker knows 1 to 2/);
  });

  test.each([null, {}, { version: 'x' }, { version: 0 }, 'state'])('refuses what is no state: %o', (junk) => {
    expect(() => upgradeState(junk)).toThrow(/has no version/);
  });
});
