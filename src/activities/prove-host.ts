import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { messageOf } from '../domain/message-of.ts';
import { proveEnvironment, type EnvironmentProof } from '../domain/pool/environment-proof.ts';
import type { SessionStandard } from '../domain/pool/session-standard.ts';
import { planRequirements } from '../domain/precheck/plan-requirements.ts';
import type { SessionPlan } from '../domain/session/session-plan.ts';
import { isAbsent } from '../host/files/has-code.ts';
import { sha256Of } from '../host/files/sha256-of.ts';
import { captureEnvironment } from '../host/fingerprint/capture-environment.ts';
import { readSessionTree, treeDifference } from '../host/git/session-tree.ts';
import { readStagesFile } from '../host/run-directory/stages-copy.ts';
import type { ActivityDependencies } from './activity-dependencies.ts';

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
  standard: SessionStandard,
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

async function stagesReasons({
  stages_yaml: path,
  stages_yaml_sha256: wanted,
}: SessionPlan): Promise<string[]> {
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
