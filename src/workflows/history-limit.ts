import { workflowInfo } from '@temporalio/workflow';

import type { SessionPlan } from '../domain/session/session-plan.ts';

/** True when the history nears the server's limits (or the plan's own) and the state should go on in a new one. */
export function isHistoryLong(plan: SessionPlan): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo();
  return continueAsNewSuggested || historyLength >= (plan.continue_as_new_events ?? Number.POSITIVE_INFINITY);
}
