import { z } from 'zod';

const processSchema = z.object({ pid: z.number().int().positive(), start_ticks: z.number().int() });

/** `request.json`: a launch was asked for. */
export const launchRequestSchema = z.object({
  schema: z.literal('calib.launch-request/1'),
  launch_id: z.string(),
  token: z.string(),
});
export type LaunchRequest = z.infer<typeof launchRequestSchema>;

/** `identity.json`: who runs this launch. */
export const launchIdentitySchema = z.object({
  schema: z.literal('calib.launch/1'),
  /** Secret of this launch's owner; an adopter must know it. */
  token: z.string(),
  boot_id: z.string(),
  supervisor: processSchema,
  /** Leader of its own session and process group. */
  child: processSchema,
  started_at: z.string(),
  /** The command line, without the environment. */
  command: z.array(z.string()),
});
export type LaunchIdentity = z.infer<typeof launchIdentitySchema>;

/** `stop.json`: calib asked the supervisor to end the child. */
export const stopRequestSchema = z.object({
  schema: z.literal('calib.launch-stop/1'),
  /** What for, for example `timeout`; free text that the caller understands. */
  reason: z.string(),
  requested_at: z.string(),
});
export type StopRequest = z.infer<typeof stopRequestSchema>;

/** `exit.json`: how the launch ended, written last. */
export const launchExitSchema = z.object({
  schema: z.literal('calib.launch-exit/1'),
  token: z.string(),
  /** Null when a signal ended the child or it never started. */
  exit_code: z.number().int().nullable(),
  signal: z.string().nullable(),
  started_at: z.string(),
  ended_at: z.string(),
  /** The child's wall time by the monotonic clock, two decimals; 0 when it never started. */
  duration_s: z.number().nonnegative(),
  /** Null when the child ended by itself or by somebody else's hand; else who asked, and whether KILL was needed. */
  stop: z.object({ reason: z.string(), requested_at: z.string(), killed: z.boolean() }).nullable(),
  /** Null when the child was started; else why not. `code` is an errno name where there is one. */
  start_error: z
    .object({ kind: z.enum(['spawn', 'lease']), code: z.string(), message: z.string() })
    .nullable(),
  /** Where the time of day was set while the child ran (`ClockRecord`); absent where it was not, or nobody looked. */
  clock: z.object({ steps_s: z.array(z.number()), behind_s: z.number().nonnegative() }).optional(),
});
export type LaunchExit = z.infer<typeof launchExitSchema>;

/** What the supervisor reads from its standard input. Holds secrets (`env`): never written anywhere. */
export interface SupervisorSpec {
  launch_id: string;
  token: string;
  launch_dir: string;
  argv: string[];
  cwd: string;
  env: Record<string, string>;
  log_path: string;
  /** Milliseconds between TERM and KILL when asked to end. */
  grace_ms: number;
  /** Abstract socket names to hold while the child lives, see `gpu/lane-lease.ts`. */
  lease_names: string[];
  /** What a waiter is told about the holder. */
  lease_holder: string;
  /** Both clocks when the launch was asked for (`ClockReading`). */
  asked_at: { wallMs: number; uptimeMs: number };
}
