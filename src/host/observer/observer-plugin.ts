import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder of the pytest plugin, absolute; the same from sources and from the build. */
export const observerFolder = fileURLToPath(new URL('../../../pytest-plugin', import.meta.url));

/** What `-p` is given. */
export const observerModule = 'calib_observer';

/** Environment variable that names the file which the plugin appends to; without it the plugin does nothing. */
export const observerVariable = 'CALIB_OBSERVE_FILE';

/** The plugin's file in the folder of a launch. */
export function observerFile(launchDir: string): string {
  return join(launchDir, 'observed.jsonl');
}
