import type { MetricNames } from '../../metrics/metric-names.ts';
import type { PlacedLiteral } from '../../places/list-literals.ts';
import type { Device } from './device-row.ts';
import type { Finding } from '../finding.ts';
import type { ListedConstants } from './listed-constants.ts';
import type { Aside, Assignment, SourcePosition } from '../source-facts.ts';

/** A literal that is a threshold by its name: what a stage's metric may be made of. */
export interface Candidate {
  name: string;
  /** The key or field that names the metric; null for a bare constant. */
  key: string | null;
  metric: string;
  /** Its place, as spelt in `stages.yaml`; `NAME['key']` leaves the level of a table by concurrency open. */
  source: string;
  /** Every literal that the source may stand for (one for each outer key), source order. */
  literals: (SourcePosition & { text: string })[];
  /** Why the literal is not certain; null when it is. */
  doubt: string | null;
  /** Why no literal can be read and replaced, whatever the source says for certain; null when one can. */
  obstacle: string | null;
  /** What settles the doubt or removes the obstacle, where that is more than writing one plain literal. */
  remedy?: string;
  /** The literal is `None`, and the config lets a calibration write it. */
  isPending?: true;
  /** The environment variable that the literal is the default of. */
  variable?: string;
  /** The config names the place. */
  isClaimed?: true;
  /** The one variant whose config names the place. */
  variant?: string;
  /** The module hands the constant to `min()` or `max()` as it is. */
  isCap?: boolean;
}

export interface CandidateResult {
  candidates: Candidate[];
  findings: Finding[];
}

export interface CandidateSearch {
  /** Repository-relative path of the file the constants are in. */
  file: string;
  /** The config key of the test's settings, for remedies. */
  settings: string;
  assignments: readonly Assignment[];
  asides: readonly Aside[];
  /** Every literal of the file that a place leads to. */
  literals: readonly PlacedLiteral[];
  names: MetricNames;
  /** Which row of a table by device counts; null where the config names no device. */
  device: Device | null;
  concurrency: number | null;
  /** Whether a `None` is a threshold that a calibration may write. */
  fillPending: boolean;
  /** What to pass over without a word. */
  ignored: ListedConstants;
  /** What to leave alone and report. */
  fixed: ListedConstants;
}
