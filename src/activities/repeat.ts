import type { Policies } from '../domain/plan/plan.ts';
import type { Unit } from '../domain/plan/unit.ts';
import type { StageDefinition } from '../domain/stages/stage.ts';
import type { LaunchExit } from '../host/process/launch-documents.ts';
import type { RunRepeatInput } from './activity-types.ts';
import type { SessionFiles } from './session-files.ts';

/** One (unit, repeat) and what its activity works with. */
export interface Repeat {
  input: RunRepeatInput;
  files: SessionFiles;
  unit: Unit;
  stages: StageDefinition[];
  policies: Policies;
  place: { runDir: string; namespace: string; repeat: number };
  lane: string;
}

/** How its last launch ended. */
export interface Ended {
  attempt: number;
  exit: LaunchExit | null;
  lost: string | null;
  signatures: string[];
}
