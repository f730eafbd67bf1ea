import { setHandler } from '@temporalio/workflow';

import { strictAuditDocument } from '../domain/audit/strict-audit.ts';
import { matrixFromState } from '../domain/session/matrix-from-state.ts';
import type { SessionPlan } from '../domain/session/session-plan.ts';
import type { SessionState } from '../domain/session/session-state.ts';
import { sessionStatus } from '../domain/session/session-status.ts';
import { unitsProgress } from '../domain/session/units-progress.ts';
import { planQuery, stateQuery, statusQuery, strictAuditQuery, unitsQuery } from './messages.ts';

/** Registers the query handlers: synchronous, changing nothing. Call before the first `await`. */
export function registerQueryHandlers(plan: SessionPlan, state: SessionState): void {
  setHandler(statusQuery, () => sessionStatus(plan, state, new Date()));
  setHandler(strictAuditQuery, () => strictAuditDocument(matrixFromState(plan, state)));
  setHandler(planQuery, () => plan);
  setHandler(unitsQuery, () => unitsProgress(plan, state));
  setHandler(stateQuery, () => state);
}
