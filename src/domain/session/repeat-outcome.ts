import type { StrictCell } from '../audit/strict-cell.ts';
import type { LaneTry } from '../lanes/lane-try.ts';

/** Why a session stopped launching until somebody has fixed something (spec 05 §9 HALT). */
export interface HaltCause {
  /** One line for people: what is wrong and what to do. */
  text: string;
  namespace: string | null;
  repeat: number | null;
  stage?: string;
  /** Metric or count that could not be read. */
  key?: string;
  file?: string;
  path?: string;
  /** Existing keys of that JSON closest to the missing one. */
  nearest?: string[];
  /** The checkout is not the one that the session observes any more. */
  moved?: boolean;
}

/** What all ended repeats report besides their kind. */
interface LaunchFacts {
  /** Launches spent on this (unit, repeat) in the present pass. */
  launches: number;
  /** pytest's wall time of the last attempt, seconds. */
  duration_s: number;
  lane: string | null;
  /** What the present pass's launches say about the session's declared lanes; absent without any. */
  tries?: LaneTry[];
}

/** What one `runRepeat` activity returns. Infra failures that may be tried again are thrown, not returned. */
export type RepeatOutcome =
  /** Every fed stage is ✓ and committed on disk. */
  | ({ kind: 'complete'; cells: Record<string, StrictCell> } & LaunchFacts)
  /** A △ or ✗ that another run can cure; committed on disk, set aside by the next launch. */
  | ({ kind: 'incomplete'; reason: string; cells: Record<string, StrictCell> } & LaunchFacts)
  /** Infra failures have used up this pass's attempts. */
  | ({ kind: 'exhausted'; reason: string; cells: Record<string, StrictCell> } & LaunchFacts)
  /** No retry can cure it: configuration, test output, or a moved commit. */
  | ({ kind: 'halt'; cause: HaltCause; cells: Record<string, StrictCell> } & LaunchFacts);
