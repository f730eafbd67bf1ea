import type { PoolMember } from './pool-member.ts';
import type { RepeatTiming } from './repeat-timing.ts';

/** What the activities need of their worker; tests give their own. */
export interface ActivityDependencies {
  hostname: string;
  /** GPU indices this worker may use; null = all that the driver lists. */
  gpus: number[] | null;
  /** Repeats that run at the same time here. */
  lanes: number;
  /** Whether the workflow of an activity still runs: one that was terminated leaves nobody to stop its pytest. */
  isSessionOpen: (workflowId: string, runId: string) => Promise<boolean>;
  /** What this host brings into the sessions of its pool; absent where it belongs to none. */
  member?: PoolMember;
  /** Only tests are in more of a hurry than the defaults. */
  timing?: Partial<RepeatTiming>;
}
