import {
  observerFile,
  observerFolder,
  observerModule,
  observerVariable,
} from '../../host/observer/observer-plugin.ts';
import { type LaunchExtrasOf, noLaunchExtras } from '../launch/launch-extras.ts';

/** Adds the observer to the launches of a smoke. A calibration runs what CI runs, so it gets nothing. */
export const observeSmoke: LaunchExtrasOf = (launch) =>
  launch.purpose === 'smoke'
    ? {
        pytestArgs: ['-p', observerModule],
        environment: { [observerVariable]: observerFile(launch.launchDir) },
        pythonPath: [observerFolder],
      }
    : noLaunchExtras(launch);
