/**
 * The most of each that one session may have. A session's state holds every cell with its reason, is answered by queries and
 * handed on as one payload, of which Temporal servers take 2 MB; the largest session that was measured has 200 units of one
 * stage and 50 repeats.
 */
export const sessionBounds = {
  repeats: 1000,
  units: 500,
  stages: 2000,
  /** Stages × repeats. */
  cells: 10_000,
  lanes: 256,
  /** Passes, and launches in a pass: together they bound what one repeat may cost. */
  passes: 100,
  attempts: 100,
} as const;

export const boundReason = "a session's whole state must fit one message of its server";

interface SizedPlan {
  repeats: number;
  units: readonly unknown[];
  stages: readonly unknown[];
  lanes: number;
  policies: { max_passes: number; attempts_per_pass: number };
}

/** What of a plan is beyond the bounds: the key and why; empty for one that may be started. */
export function beyondBounds(plan: SizedPlan): { path: string[]; message: string }[] {
  const { repeats, units, stages, lanes, policies } = plan;
  const cells = stages.length * repeats;
  const found: [string[], number, number, string][] = [
    [['repeats'], repeats, sessionBounds.repeats, 'repeats'],
    [['units'], units.length, sessionBounds.units, 'units'],
    [['stages'], stages.length, sessionBounds.stages, 'stages'],
    [['repeats'], cells, sessionBounds.cells, 'cells (stages × repeats)'],
    [['lanes'], lanes, sessionBounds.lanes, 'lanes'],
    [['policies', 'max_passes'], policies.max_passes, sessionBounds.passes, 'passes'],
    [
      ['policies', 'attempts_per_pass'],
      policies.attempts_per_pass,
      sessionBounds.attempts,
      'launches a pass',
    ],
  ];
  return found
    .filter(([, count, most]) => count > most)
    .map(([path, count, most, what]) => ({
      path,
      message: `${count} ${what} are more than ${most}: ${boundReason}; calibrate in several sessions`,
    }));
}
