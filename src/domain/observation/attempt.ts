import { z } from 'zod';

/** One launch of pytest for a repeat (spec 05 §10 `attempt_history`). */
export const attemptSchema = z.object({
  /** 1, 2, … over the whole life of this (unit, repeat), passes included. */
  n: z.number().int().positive(),
  pass: z.number().int().positive().default(1),
  started_at: z.string(),
  ended_at: z.string(),
  /** pytest's exit code; null when a signal ended it or it was never seen to end. */
  exit_code: z.number().int().nullable(),
  signal: z.string().nullable(),
  /** Spec 05 §8's reason text; empty for exit code 0. */
  reason: z.string(),
  outcome: z.enum(['ok', 'assertion', 'infra', 'config', 'aborted']),
  /** Why its numbers did not count although pytest came to its end; absent where they did. */
  finding: z.string().optional(),
  /** pytest's own wall time in seconds, without gate and clean-up. */
  duration_s: z.number().nonnegative(),
  /** Seconds waited for GPUs before the launch. */
  gate_s: z.number().nonnegative().default(0),
  cleanup_s: z.number().nonnegative().default(0),
  gpus: z.array(z.number().int().nonnegative()),
  /** Absent in records made before it was kept. */
  gpu_uuids: z.array(z.string()).optional(),
  lane: z.string().optional(),
  /** Absolute path of this attempt's log. */
  log: z.string(),
  /**
   * The furthest that the time of day was set below that of the launch while pytest ran, in seconds: its result files may
   * look that much older than it. Absent where it never was.
   */
  clock_behind_s: z.number().positive().optional(),
  /** Launch to first readiness line, seconds; null when none was seen. */
  startup_s: z.number().nonnegative().nullable().default(null),
  /** What happened that a reader should know: "worker restarted, run adopted", "slow start-up (83 s)". */
  notes: z.array(z.string()).default([]),
});
export type Attempt = z.infer<typeof attemptSchema>;
