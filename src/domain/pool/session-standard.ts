import { z } from 'zod';

import { environmentFactsSchema } from '../fingerprint/environment-document.ts';

/**
 * What every other host of a pool is held against before it takes a session's repeats, as the home host recorded it; the
 * commit and the tree's fingerprint are in the plan.
 */
export const sessionStandardSchema = z.object({
  environment: environmentFactsSchema,
  /** Of the session's stage definitions as they are now: a halt may have had them corrected. */
  stages_yaml_sha256: z.string(),
});
export type SessionStandard = z.infer<typeof sessionStandardSchema>;
