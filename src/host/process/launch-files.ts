import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { z } from 'zod';

import { messageOf } from '../../domain/text.ts';
import { hasCode, parseDocument } from '../run-directory/files.ts';
import { writeWholeFile } from './supervisor-parts.ts';

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
  /** Abstract socket names to hold while the child lives, see `lock/host-lock.ts`. */
  lease_names: string[];
  /** What a waiter is told about the holder. */
  lease_holder: string;
  /** Both clocks when the launch was asked for (`ClockReading`). */
  asked_at: { wallMs: number; uptimeMs: number };
}

/** The supervisor's files in a launch folder (`runPaths.launch`). Kept free of imports that would slow its start. */
export const launchFiles = {
  /** Written by the worker before it starts the supervisor: which launch this folder is about. */
  request: (launchDir: string) => join(launchDir, 'request.json'),
  /** What the launch runs on; written by the worker before it starts the supervisor. */
  lane: (launchDir: string) => join(launchDir, 'lane.json'),
  /**
   * Created by whoever comes first, the supervisor ("I start it") or an adopter ("nobody may start it any more"), so
   * that a supervisor left behind by a crashed worker cannot start pytest after it was given up.
   */
  claim: (launchDir: string, launchId: string) => join(launchDir, `claim-${launchId}`),
  identity: (launchDir: string) => join(launchDir, 'identity.json'),
  /** Why calib asked for the end; written before the supervisor is signalled. */
  stop: (launchDir: string) => join(launchDir, 'stop.json'),
  exit: (launchDir: string) => join(launchDir, 'exit.json'),
  /** Outcomes of its tests, written by pytest when it ends by itself. */
  junit: (launchDir: string) => join(launchDir, 'junit.xml'),
  supervisorLog: (launchDir: string) => join(launchDir, 'supervisor.log'),
} as const;

/** Environment variable of the supervisor that holds its launch's token: part of the proof of identity. */
export const supervisorMarkVariable = 'CALIB_SUPERVISOR';

/** What stands at a path: nothing, a valid document, or something else. */
export type DocumentReading<T> =
  | { kind: 'missing' }
  | { kind: 'read'; document: T }
  | { kind: 'unreadable'; reason: string };

/** Reads one of the supervisor's JSON files; the reason for an unreadable one names the file. */
export async function readLaunchDocument<T>(path: string, schema: z.ZodType<T>): Promise<DocumentReading<T>> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return { kind: 'missing' };
    return { kind: 'unreadable', reason: `${path}: ${messageOf(error)}` };
  }
  try {
    return { kind: 'read', document: parseDocument(bytes, schema) };
  } catch (error) {
    return { kind: 'unreadable', reason: `${path}: ${messageOf(error)}` };
  }
}

/**
 * `lane.json` of a launch folder: what pytest was launched on, and what it cost to get there. Written before the
 * launch, so that whoever adopts the run knows which lane to take over.
 */
const launchLaneSchema = z.object({
  schema: z.literal('calib.launch-lane/1'),
  /** `<host>/gpu0,1` or `<host>/cpu0`; a declared one `<host>/<name>`. */
  lane: z.string(),
  gpus: z.array(z.number().int().nonnegative()),
  gpu_uuids: z.array(z.string()),
  gate_s: z.number().nonnegative(),
  /** Result files older than this are another launch's; `YYYY-MM-DDTHH:MM:SSZ`. */
  launched_at: z.string(),
  notes: z.array(z.string()),
  /** `FLASHINFER_WORKSPACE_BASE` where the lane has one of its own. */
  jit_workspace: z.string().optional(),
  /** What is leased; absent in launches older than declared lanes: the GPUs, or the name of a lane without any. */
  resources: z.array(z.string()).optional(),
});
export type LaunchLane = z.infer<typeof launchLaneSchema>;

/** Makes a launch's lane known; the folder must exist. Throws the file system's error when it refuses. */
export function writeLaunchLane(launchDir: string, lane: Omit<LaunchLane, 'schema'>): void {
  const document: LaunchLane = { schema: 'calib.launch-lane/1', ...lane };
  writeWholeFile(launchFiles.lane(launchDir), `${JSON.stringify(document, null, 2)}\n`);
}

/** The lane of a launch; null where it was not recorded or cannot be read. */
export async function readLaunchLane(launchDir: string): Promise<LaunchLane | null> {
  const reading = await readLaunchDocument(launchFiles.lane(launchDir), launchLaneSchema);
  return reading.kind === 'read' ? reading.document : null;
}
