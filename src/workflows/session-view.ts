import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';

import { sessionDetails } from '../domain/session/session-details.ts';
import type { SessionPlan } from '../domain/session/session-plan.ts';
import type { SessionState } from '../domain/session/session-state.ts';
import { searchAttributeNames } from './messages.ts';

const stateKey = defineSearchAttributeKey(searchAttributeNames.state, 'KEYWORD');

/** Shows the session in the Web UI: the matrix as current details (no event), the phase as a search attribute. */
export class SessionView {
  readonly #plan: SessionPlan;
  readonly #state: SessionState;
  #shownPhase = '';

  constructor(plan: SessionPlan, state: SessionState) {
    this.#plan = plan;
    this.#state = state;
  }

  refresh(): void {
    setCurrentDetails(sessionDetails(this.#plan, this.#state));
    const { kind } = this.#state.phase;
    if (kind === this.#shownPhase) return;
    this.#shownPhase = kind;
    if (this.#plan.search_attributes) upsertSearchAttributes([{ key: stateKey, value: kind }]);
  }
}
