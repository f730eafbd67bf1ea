import type { z } from 'zod';

import { CalibError } from '../domain/calib-error.ts';
import { firstIssue } from '../domain/text.ts';
import { type SessionPlan, sessionPlanSchema } from '../domain/session/session-plan.ts';

/**
 * A session's plan as its schema reads it. What an operator, a catalog or an old directory asks for beyond the schema's
 * bounds ends here, before anything is written.
 *
 * @throws CalibError `invalid-input` naming the first key that is wrong
 */
export function checkedPlan(candidate: z.input<typeof sessionPlanSchema>): SessionPlan {
  const parsed = sessionPlanSchema.safeParse(candidate);
  if (parsed.success) return parsed.data;
  throw new CalibError(
    'invalid-input',
    `such a session cannot be started: ${firstIssue(parsed.error, 'plan')}`,
    {
      remedy: 'correct the option, profile or config that this value comes from',
      cause: parsed.error,
    },
  );
}
