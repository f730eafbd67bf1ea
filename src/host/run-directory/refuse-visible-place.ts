import { CalibError } from '../../domain/calib-error.ts';
import type { VersionControlPlace } from '../git/version-control-place.ts';

/**
 * Refuses a run directory that git would list (spec 05 §2): its growing files would be part of the work tree that the
 * session observes.
 *
 * @param place of the directory, see `versionControlPlace`
 * @throws CalibError with how to have git ignore it
 */
export function refuseVisiblePlace(runDir: string, place: VersionControlPlace): void {
  if (place !== 'visible') return;
  throw new CalibError(
    'invalid-input',
    `run directory ${runDir} is in the checkout and git does not ignore it`,
    {
      remedy:
        'add .tune-runs/ to .gitignore (or to .git/info/exclude, which leaves the work tree as it is), ' +
        'or choose a folder outside of the checkout with --run-root',
    },
  );
}
