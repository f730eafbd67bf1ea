import type { Lane } from '../lanes/lane.ts';

/** What a host of a pool offers to a session, or why it may not take part. */
export type JoinOutcome =
  | {
      kind: 'joined';
      /** The machine's name: part of its queues and of every record made on it. */
      host: string;
      /** The session's directory there; on the home host the run directory itself. */
      run_dir: string;
      /** Declared lanes; empty where any free GPUs are one. */
      lanes: Lane[];
      /** Repeats at a time where no lanes are declared. */
      slots: number;
      /** GPUs that a repeat may have there where no lanes are declared. */
      gpus: number;
      /** For `run.log`. */
      notes: string[];
    }
  /** `reasons`: each difference, spelled out. */
  | { kind: 'refused'; host: string; reasons: string[] };
