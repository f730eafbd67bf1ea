import type { PrecheckRequirements, RequirementHost } from '../../../src/domain/precheck/requirements.ts';

/** Requirements of a suite that needs nothing of the machine, with the given parts in place. */
export function makeRequirements(more: Partial<PrecheckRequirements> = {}): PrecheckRequirements {
  return {
    scope: 'stages',
    models: { required: [], optional: [] },
    datasets: { required: [], optional: [] },
    unlisted_datasets: [],
    warnings: [],
    preset_problems: [],
    pins: [],
    imports: [],
    environment: [],
    gpus: { needed: 0, model: null, count: null },
    capabilities: [],
    speaker_sim: { required: false, host_command: false, hf_token_hint: null },
    venv_candidates: [],
    host: null,
    host_declined: true,
    ...more,
  };
}

/** A host profile without paths, with the given parts in place. */
export function makeHost(more: Partial<RequirementHost> = {}): RequirementHost {
  return {
    name: 'lab',
    file: '/catalog/hosts/lab.yaml',
    repo_root: null,
    venv_python: null,
    hf_hub: null,
    speaker_sim: null,
    omni_ci_home: null,
    checklist: [],
    goal: null,
    run_dirs: [],
    ...more,
  };
}
