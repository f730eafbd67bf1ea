import { join } from 'node:path';

import { CalibError } from '../domain/calib-error.ts';
import { planRequirements } from '../domain/precheck/plan-requirements.ts';
import type { PrecheckRequirements } from '../domain/precheck/requirements.ts';
import type { SessionPlan } from '../domain/session/session-plan.ts';
import type { JoinInput } from './activity-types.ts';
import type { MemberBasis } from './pool-member.ts';

/** This host, as far as its part in a session goes. */
export interface MemberHost {
  hostname: string;
  /** Absolute. */
  runRoot: string;
  /** Repeats at a time where no lanes are declared. */
  slots: number;
}

/**
 * The session's plan as it is on another host of its pool: what is measured is the home host's, where things lie is this
 * host's own.
 *
 * @throws CalibError for a session id that is no folder's name
 */
export function memberPlan(
  { plan, standard }: Pick<JoinInput, 'plan' | 'standard'>,
  basis: MemberBasis,
  host: MemberHost,
): SessionPlan {
  // What was forced on the home host is no permission for another environment here.
  const { lane_table: _lanes, force_environment: _forced, ...shared } = plan;
  const { lanes } = basis;
  const local: SessionPlan = {
    ...shared,
    repo_root: basis.repo_root,
    run_dir: mirrorDirectory(host.runRoot, plan.session_id),
    host: basis.host,
    hostname: host.hostname,
    venv_python: basis.venv_python,
    venv_source: basis.venv_source,
    catalog_dir: basis.catalog_dir,
    stages_yaml: basis.stages_yaml,
    stages_yaml_sha256: standard.stages_yaml_sha256,
    environment: basis.environment,
    cleanup_script: basis.cleanup_script,
    lanes: lanes.length > 0 ? lanes.length : host.slots,
    ...(lanes.length > 0 ? { lane_table: lanes } : {}),
    resume: false,
  };
  const requirements = basis.requirements ?? memberRequirements(local, basis);
  return { ...local, precheck: { ...plan.precheck, requirements } };
}

/**
 * Where a session of another host lies here.
 *
 * @param runRoot absolute
 * @throws CalibError for a session id that is no folder's name
 */
export function mirrorDirectory(runRoot: string, sessionId: string): string {
  if (sessionId !== '' && !/[/\0]/.test(sessionId) && !/^\.{1,2}$/.test(sessionId)) {
    return join(runRoot, sessionId);
  }
  throw new CalibError('invalid-input', `session id ${JSON.stringify(sessionId)} cannot name a folder`, {
    remedy: 'start the session with `calib start`, which makes its id',
  });
}

/** The stages need what they need; the machine's own profile is not known here beyond what it says of itself. */
function memberRequirements(local: SessionPlan, basis: MemberBasis): PrecheckRequirements {
  const asked = planRequirements(local);
  const { lanes: _lanes, ...gpus } = asked.gpus;
  return {
    ...asked,
    environment: Object.entries(basis.environment).map(([name, value]) => ({ name, value, source: 'host' })),
    gpus: { ...gpus, count: basis.gpu_count },
    venv_candidates: [],
    host: null,
    host_declined: true,
  };
}
