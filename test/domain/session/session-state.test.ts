import { describe, expect, it } from 'vitest';

import { addNote, initialState } from '../../../src/domain/session/session-state.ts';
import { sampleSessionPlan } from './sample-session-plan.ts';

const at = '2026-04-23T05:00:00Z';

describe('a note of a session', () => {
  it('keeps nothing that looks like a secret: reports and histories repeat it', () => {
    const state = initialState(sampleSessionPlan(), at);
    addNote(
      state,
      at,
      'not written to run.log (via http://me:plantedPassword@proxy.invalid): DB_PASSWORD=planted',
    );
    expect(state.notes).toEqual([
      {
        at,
        text: 'not written to run.log (via http://[redacted]@proxy.invalid): DB_PASSWORD=[redacted]',
      },
    ]);
  });

  it('is given up when a hundred newer ones have come', () => {
    const state = initialState(sampleSessionPlan(), at);
    for (let count = 0; count <= 100; count += 1) addNote(state, at, `note ${count}`);
    expect([state.notes.length, state.notes[0]?.text]).toEqual([100, 'note 1']);
  });
});
