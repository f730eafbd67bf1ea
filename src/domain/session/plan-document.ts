import type { Plan } from '../plan/plan.ts';
import type { SessionPlan } from './session-plan.ts';

/** Version of the original tool whose run directories calib's are compatible with (spec 06 §6 prints it). */
const compatibleToolVersion = '0.6.0';

/** `plan.json` of a fresh session (spec 05 §4); `startedAt` is `YYYY-MM-DDTHH:MM:SSZ`. */
export function planDocument(plan: SessionPlan, startedAt: string): Plan {
  return {
    model: plan.model,
    stages: plan.stages.map((stage) => stage.key),
    repeats: plan.repeats,
    timestamp: startedAt,
    calibration_started_at: startedAt,
    calibration_git_sha: plan.git_sha,
    git_sha: plan.git_sha,
    git_branch: plan.git_branch,
    dirty: plan.dirty,
    venv_python: plan.venv_python,
    venv_source: plan.venv_source,
    tune_version: compatibleToolVersion,
    stages_yaml: plan.stages_yaml,
    ...calibFields(plan),
  };
}

/** What calib appends; also written into an adopted directory of the original tool. */
export function calibFields(plan: SessionPlan): Partial<Plan> {
  return {
    session_id: plan.session_id,
    label: plan.label,
    host: plan.host,
    hostname: plan.hostname,
    repo_root: plan.repo_root,
    units: plan.units,
    stages_yaml_sha256: plan.stages_yaml_sha256,
    calib_version: plan.calib_version,
    tree_fingerprint: plan.tree_fingerprint,
    file_sha256: plan.file_sha256,
    environment: plan.environment,
    policies: plan.policies,
    precheck_skipped: plan.precheck.skip,
    version_check_skipped: plan.precheck.skip_version_check,
    catalog_dir: plan.catalog_dir,
    cleanup_script: plan.cleanup_script,
    evidence: plan.evidence,
    ...(plan.stale_stages === undefined ? {} : { stale_stages: plan.stale_stages }),
    ...(plan.lane_table === undefined ? {} : { lane_table: plan.lane_table }),
    ...(plan.pool === undefined ? {} : { pool: plan.pool }),
  };
}
