import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { stagesOfPlan } from '../../host/discovery/stages-of-plan.ts';
import { CalibError } from '../../domain/calib-error.ts';
import { type EnvironmentProof, proveEnvironment, type RequiredEnvironment } from '../../domain/pool/pool.ts';
import type { PrecheckRequirements } from '../../domain/precheck/requirements.ts';
import { planRequirements } from '../../domain/precheck/stage-needs.ts';
import type { SessionPlan } from '../../domain/session/session-plan.ts';
import { messageOf } from '../../domain/text.ts';
import { captureEnvironment } from '../../host/fingerprint/environment.ts';
import { readSessionTree, treeDifference } from '../../host/git/tree.ts';
import { isAbsent, sha256Of } from '../../host/run-directory/files.ts';
import { readStagesFile } from '../../host/run-directory/stages-copy.ts';
import type { JoinInput } from '../activity-types.ts';
import type { ActivityDependencies } from '../repeat/repeat.ts';
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
 * The session's plan as it is on another host of its pool: what is measured is the home host's, where things lie is
 * this host's own.
 *
 * @throws CalibError for a session id that is no folder's name
 */
export function memberPlan(
  { plan, standard }: Pick<JoinInput, 'plan' | 'standard'>,
  basis: MemberBasis,
  host: MemberHost,
): SessionPlan {
  // What was forced on the home host is no permission for another environment here.
  const { lane_table: _lanes, force_environment: _forced, cleanup_args: _cleanup, ...shared } = plan;
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
    ...(basis.cleanup_args === undefined ? {} : { cleanup_args: basis.cleanup_args }),
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

/**
 * Holds this host against a session: its checkout, its stage definitions, its test files and its environment. Writes
 * nothing.
 *
 * @param local the session's plan as it is here, see `memberPlan`
 * @returns every difference, none where it may take part
 * @throws CalibError when something cannot be read
 */
export async function proveHost(
  local: SessionPlan,
  standard: RequiredEnvironment,
  deps: Pick<ActivityDependencies, 'gpus'>,
): Promise<EnvironmentProof> {
  const checkout = [
    ...(await treeReasons(local)),
    ...(await stagesReasons(local)),
    ...(await fileReasons(local)),
  ];
  const here = await captureEnvironment({
    plan: local,
    requirements: planRequirements(local),
    allowedGpus: deps.gpus,
    env: process.env,
    now: new Date(),
  });
  const environment = proveEnvironment(standard.environment, here);
  return { ...environment, reasons: [...checkout, ...environment.reasons] };
}

async function treeReasons(local: SessionPlan): Promise<string[]> {
  const { repo_root: repoRoot, run_dir: runDir, catalog_dir: catalogDir } = local;
  const found = await readSessionTree({ repoRoot, runDir, catalogDir });
  if (found.sha !== local.git_sha) {
    return [`commit: ${repoRoot} is on ${found.sha}, the session observes ${local.git_sha}`];
  }
  if (found.treeFingerprint === local.tree_fingerprint) return [];
  const wanted = local.dirty ? ' (its own difference from the commit is in workspace.diff)' : '';
  return [
    `work tree: ${repoRoot} is not the tree that the session observes${wanted}: ${treeDifference(found)}`,
  ];
}

async function stagesReasons(local: SessionPlan): Promise<string[]> {
  const { stages_yaml: path, stages_yaml_sha256: wanted } = local;
  if (local.stages_from === 'discovery') {
    const { sha256 } = await stagesOfPlan(local, local.repo_root);
    if (sha256 === wanted) return [];
    const config = join(local.catalog_dir, 'models', local.model, 'config.yaml');
    return [
      `stages: those that ${config} gives here are not the session's (${short(sha256)}, not ${short(wanted)})`,
    ];
  }
  const found = await readStagesFile(path);
  if (found === null) return [`stages.yaml: ${path} does not exist`];
  if (found.sha256 === wanted) return [];
  return [`stages.yaml: ${path} is not the session's (${short(found.sha256)}, not ${short(wanted)})`];
}

/** Also where the fingerprint agrees: git may be told not to look at a file. */
async function fileReasons({ repo_root: repoRoot, file_sha256 }: SessionPlan): Promise<string[]> {
  const reasons = Object.entries(file_sha256).map(async ([path, wanted]) => {
    try {
      const found = sha256Of(await readFile(join(repoRoot, path)));
      return found === wanted ? [] : [`${path}: it is another file (${short(found)}, not ${short(wanted)})`];
    } catch (error) {
      return [`${path}: ${isAbsent(error) ? 'it is not there' : `it cannot be read (${messageOf(error)})`}`];
    }
  });
  return (await Promise.all(reasons)).flat();
}

function short(hash: string): string {
  return hash.slice(0, 12);
}
