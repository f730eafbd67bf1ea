import { CalibError } from '../domain/calib-error.ts';
import { utcTimestamp } from '../domain/clock.ts';
import type { Plan } from '../domain/plan/plan.ts';
import { planDocument } from '../domain/session/plan-document.ts';
import type { SessionPlan } from '../domain/session/session-plan.ts';
import { versionControlPlace } from '../host/git/version-control-place.ts';
import { workspaceDiff } from '../host/git/workspace-diff.ts';
import { createRunDirectory } from '../host/run-directory/create-run-directory.ts';
import { keepCopy } from '../host/run-directory/keep-copy.ts';
import { runPaths } from '../host/run-directory/paths.ts';
import { writePlan } from '../host/run-directory/plan-file.ts';
import { readPlan } from '../host/run-directory/read-plan.ts';
import { appendRunLog } from '../host/run-directory/run-log.ts';
import { readStagesFile } from '../host/run-directory/stages-copy.ts';
import { writeFileAtomic } from '../host/run-directory/write-atomic.ts';
import { readPlannedStagesFile } from './planned-stages-file.ts';

/**
 * Makes or refreshes the directory of another host's session on this host: of the usual shape, for this host's places. A
 * copy of `stages.yaml` that was corrected meanwhile is replaced, the earlier one kept beside it. The plan comes after it,
 * so that a crash leaves nothing that looks like a session; twice equals once.
 *
 * @param local the session's plan as it is here, see `memberPlan`
 * @param home where the records that count are
 * @throws CalibError for a folder that git would list, that holds something else, or that is another host's; nothing is
 *   touched then
 */
export async function openMirror(
  local: SessionPlan,
  home: NonNullable<Plan['mirror_of']>,
): Promise<'created' | 'existing'> {
  const { run_dir: runDir } = local;
  const now = new Date();
  const stagesFile = await readPlannedStagesFile(local);
  const made = await createRunDirectory({
    runDir,
    sessionId: local.session_id,
    placeOf: (path) => versionControlPlace(local.repo_root, path),
  });
  const before = made === 'created' ? null : await readMirrorPlan(local);
  if (made === 'created') {
    if (local.dirty)
      await writeFileAtomic(runPaths.workspaceDiff(runDir), await workspaceDiff(local.repo_root));
    await appendRunLog(runDir, [`serves session ${local.session_id} of ${home.hostname}`], now);
  }
  const replaced = await keepReplaced(runDir, stagesFile);
  await writeFileAtomic(runPaths.stagesYaml(runDir), stagesFile);
  const history = [
    ...(before?.stages_yaml_history ?? []),
    ...(replaced === null ? [] : [{ at: utcTimestamp(now), kept: replaced, changes: [] }]),
  ];
  await writePlan(runDir, {
    ...planDocument(local, before?.timestamp ?? utcTimestamp(now)),
    mirror_of: home,
    ...(history.length === 0 ? {} : { stages_yaml_history: history }),
  });
  return made;
}

/** A session's own run directory, or another host's part in it, lies here where hosts share a disk. */
async function readMirrorPlan({ run_dir: runDir, hostname }: SessionPlan): Promise<Plan> {
  const plan = await readPlan(runDir);
  if (plan.mirror_of !== undefined && plan.hostname === hostname) return plan;
  const whose =
    plan.mirror_of === undefined ? "the session's run directory itself" : `that of ${plan.hostname ?? '?'}`;
  throw new CalibError('refused', `${runDir} is ${whose}`, {
    remedy: 'give each host of the pool a run root of its own, also where they share a disk',
  });
}

/** Name under which an earlier copy is kept; null where the copy is the wanted one, or none is there. */
async function keepReplaced(runDir: string, wanted: Buffer): Promise<string | null> {
  const copy = runPaths.stagesYaml(runDir);
  const found = await readStagesFile(copy);
  if (found === null || found.text === wanted.toString('utf8')) return null;
  return await keepCopy(copy, Buffer.from(found.text));
}
