import type { Observation } from '../observation/observation.ts';
import type { Plan } from '../plan/plan.ts';
import type { StageDefinition } from '../stages/stage.ts';

/**
 * Whether an observation is the one its repeat committed: `legacy` directories (the original tool's) have no commit
 * markers; `uncommitted` files were left by a crash between write and marker; `edited` ones differ from their marker.
 */
export type Integrity = 'committed' | 'legacy' | 'uncommitted' | 'edited';

/** What stands on disk for stage × repeat. */
export type CellFile =
  | { kind: 'missing' }
  | { kind: 'corrupt'; error: string }
  | { kind: 'recorded'; observation: Observation; integrity: Integrity };

/** Everything the audits, the report and the apply plan need of a run directory, as plain values. */
export interface RunSnapshot {
  /** As given by the caller (reports print it verbatim). */
  run_dir: string;
  plan: Plan;
  /** The planned stages in plan order. */
  stages: StageDefinition[];
  /** By stage key: the N cells, index k − 1. */
  cells: Record<string, CellFile[]>;
}
