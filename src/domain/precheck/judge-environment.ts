import { checkCatalogEnvironment } from '../catalog/environment.ts';
import { checkResult, type CheckResult, type Gap } from './check-result.ts';
import type { PrecheckRequirements } from './requirements.ts';
import { shellWord } from './shell-word.ts';

/** The effective environment with its provenance, and what is wrong in it (spec 01 §4, 04 §10 gates 3 and 8). */
export function judgeEnvironment({
  environment,
  host,
}: Pick<PrecheckRequirements, 'environment' | 'host'>): CheckResult {
  const physical = host?.hf_hub ? { physical: { hf_hub: host.hf_hub } } : null;
  const errors = checkCatalogEnvironment(environment, physical).map(({ message }): Gap => ({
    message,
    remedies: [
      host === null
        ? "correct auto_env or omni_ci_home in the model's config.yaml"
        : `correct physical in ${host.file}, or auto_env in the model's config.yaml`,
    ],
  }));
  const details = environment.map(({ name, value, source }) => `auto env: ${name}=${value} (${source})`);
  const lines = environment.length === 0 ? ['environment: nothing set'] : ['environment:', ...details];
  return checkResult({ id: 'environment', lines, errors, applies: environment.length > 0 });
}

/** A folder of the calibration slice. */
export interface SliceFolder {
  path: string;
  state: 'writable' | 'read-only' | 'missing' | 'not a folder';
}

/** Names of the two folders below `OMNI_CI_HOME` (spec 04 §10 gate 3). */
export const sliceFolderNames = ['.cache', '.torchinductor'] as const;

/** Whether the slice folders exist and can be written; null when the environment has no `OMNI_CI_HOME`. */
export function judgeSlice(folders: readonly SliceFolder[] | null): CheckResult {
  if (folders === null) {
    return checkResult({ id: 'slice', lines: ['slice directories: no OMNI_CI_HOME'], applies: false });
  }
  const bad = folders.filter(({ state }) => state !== 'writable');
  const details = folders.map(({ path, state }) => `${state === 'writable' ? '✓' : '✗'} ${path} (${state})`);
  const errors = bad.map(({ path, state }): Gap => {
    const word = shellWord(path);
    switch (state) {
      case 'missing':
        return { message: `slice directory ${path} does not exist`, remedies: [`mkdir -p ${word}`] };
      case 'not a folder':
        return { message: `slice directory ${path} is not a folder`, remedies: [`ls -ld ${word}`] };
      default:
        return { message: `slice directory ${path} cannot be written`, remedies: [`chmod u+rwx ${word}`] };
    }
  });
  return checkResult({ id: 'slice', lines: ['slice directories:', ...details], errors });
}
