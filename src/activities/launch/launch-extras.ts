import type { SessionPurpose } from '../../domain/session/session-plan.ts';

/** What a launch is for; everything that a calibration records comes from launches of its own. */
export type LaunchPurpose = SessionPurpose;

/** A launch that is about to start. */
export interface PurposedLaunch {
  purpose: LaunchPurpose;
  /** Absolute; emptied for this launch by now, so what is written there is its own. */
  baseTemp: string;
  /** Absolute folder of calib's own files about this launch. */
  launchDir: string;
}

/** What calib itself adds to a launch, behind everything that catalog and unit say. */
export interface LaunchExtras {
  /** Behind the unit's own arguments. */
  pytestArgs: readonly string[];
  /** Wins over all other variables but those that calib needs to find its processes. */
  environment: Readonly<Record<string, string>>;
  /** Absolute folders behind the repository in PYTHONPATH. */
  pythonPath: readonly string[];
}

/** Makes them for one launch; the same for the same launch. */
export type LaunchExtrasOf = (launch: PurposedLaunch) => LaunchExtras;

/** Nothing is added: a calibration runs what CI runs. */
export const noLaunchExtras: LaunchExtrasOf = () => ({ pytestArgs: [], environment: {}, pythonPath: [] });
