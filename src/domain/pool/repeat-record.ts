import { z } from 'zod';

/**
 * What a repeat that ran on another host left, as it is carried to the session's run directory: its records, byte for
 * byte. pytest's log and result files stay where they are; the records say where.
 */
export const repeatRecordSchema = z.object({
  schema: z.literal('calib.repeat-record/1'),
  session_id: z.string(),
  /** The machine that it ran on. */
  host: z.string(),
  /** The session's directory there. */
  run_dir: z.string(),
  namespace: z.string(),
  repeat: z.number().int().positive(),
  /** Texts by path relative to the run directory, `/`-separated. */
  files: z.record(z.string(), z.string()),
  /** Lines that its run wrote into `run.log` there, oldest first, without their times. */
  log_lines: z.array(z.string()),
});
export type RepeatRecord = z.infer<typeof repeatRecordSchema>;

/** A record that is larger than this, as JSON in bytes, is no record: Temporal refuses payloads of 2 MiB. */
export const repeatRecordLimit = 1024 * 1024;
