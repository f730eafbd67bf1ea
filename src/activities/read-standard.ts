import { CalibError } from '../domain/calib-error.ts';
import { environmentFactsSchema } from '../domain/fingerprint/environment-document.ts';
import type { SessionStandard } from '../domain/pool/session-standard.ts';
import { readSessionEnvironment } from '../host/fingerprint/read-recorded-environment.ts';
import { runPaths } from '../host/run-directory/paths.ts';
import { readStagesText } from '../host/run-directory/stages-copy.ts';
import { readSessionFiles } from './session-files.ts';

/**
 * What other hosts of a pool are held against before they take a session's repeats.
 *
 * @param runDir the session's run directory, absolute
 * @throws CalibError when nothing is recorded of the environment, or the definitions are not those of the plan
 */
export async function readStandard(runDir: string): Promise<SessionStandard> {
  const { plan } = await readSessionFiles(runDir);
  const recorded = await readSessionEnvironment(runDir);
  if (recorded === null) {
    throw new CalibError('refused', `${runPaths.environment(runDir)} is not there`, {
      remedy:
        'resume the session on its home host, whose precheck records it; other hosts are held against it',
    });
  }
  return {
    environment: environmentFactsSchema.parse(recorded.facts),
    stages_yaml_sha256: (await readStagesText(runDir, plan)).sha256,
  };
}
