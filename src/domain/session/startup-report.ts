import { z } from 'zod';

import type { SessionState } from './session-state.ts';

/** What a repeat tells its session of a start-up that takes longer than usual, and again when that is over. */
export const startupReportSchema = z.object({
  namespace: z.string().min(1).max(4096),
  repeat: z.number().int().positive(),
  /** When the launch that is not ready yet was started; null once it is ready, or has ended. */
  starting_since: z.iso.datetime().max(40).nullable(),
});
export type StartupReport = z.infer<typeof startupReportSchema>;

/**
 * Notes a slow start-up at the repeat that runs. Changes `state`; what is not such a report, or is of a repeat that has
 * ended meanwhile, changes nothing.
 *
 * @returns whether there is something new to be shown
 */
export function takeStartupReport(state: SessionState, payload: unknown): boolean {
  const parsed = startupReportSchema.safeParse(payload);
  if (!parsed.success) return false;
  const { namespace, repeat, starting_since: since } = parsed.data;
  const active = state.active.find((each) => each.namespace === namespace && each.repeat === repeat);
  if (active === undefined || (active.starting_since ?? null) === since) return false;
  if (since === null) delete active.starting_since;
  else active.starting_since = since;
  return true;
}
