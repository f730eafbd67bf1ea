import type { AppliedChange, AppliedCheck, AppliedDocument } from '../../domain/apply/applied-document.ts';
import { isRefusal } from '../../domain/apply/apply-plan-document.ts';
import type { ApplyPlanDocument } from '../../domain/apply/apply-plan-document.ts';
import type { RunSnapshot } from '../../domain/audit/run-snapshot.ts';
import { utcTimestamp } from '../../domain/clock.ts';
import { messageOf } from '../../domain/message-of.ts';
import type { StageDefinition } from '../../domain/stages/stage.ts';
import { readApplyPlan } from '../run-directory/read-apply-plan.ts';
import { readRunDirectory } from '../run-directory/read-run-directory.ts';
import { writeApplied } from './applied-file.ts';
import { rediscover } from './rediscover.ts';

/**
 * Looks again after an apply or an undo (spec 06 §11): discovers the model anew and brings `stages.yaml` up to date (the
 * recorded hashes have changed), compares the sources with the session's, and asks a fresh plan about every changed
 * literal. The findings go into `applied.json`; nothing here takes an apply back, and nothing throws but a full disk.
 *
 * @param question `document` as `runApply` or `undoApply` gave it
 * @returns the document with the check in it, as now on disk
 * @throws CalibError `not-ready` when `applied.json` cannot be written: to be called again
 */
export async function checkApplied(question: {
  runDir: string;
  document: AppliedDocument;
  now: Date;
}): Promise<AppliedDocument> {
  const { runDir, document, now } = question;
  const check = await look(runDir, document, now).catch((error: unknown) => ({
    ok: false,
    at: utcTimestamp(now),
    stages_yaml: null,
    lines: [`the check could not be made: ${messageOf(error)}`],
  }));
  const checked: AppliedDocument =
    document.undone === null
      ? { ...document, check }
      : { ...document, undone: { ...document.undone, check } };
  await writeApplied(runDir, checked);
  return checked;
}

async function look(runDir: string, document: AppliedDocument, now: Date): Promise<AppliedCheck> {
  const snapshot = await readRunDirectory(runDir);
  const repoRoot = snapshot.plan.repo_root ?? '';
  const undo = document.undone !== null;
  const found = await rediscover({ runDir, plan: snapshot.plan, repoRoot, undo, now });
  const moved = found.stages === null ? [] : movedSources(snapshot.stages, found.stages);
  const fresh = await readApplyPlan({ snapshot: withStages(snapshot, found.stages), repoRoot });
  const wrong = isRefusal(fresh)
    ? [`a fresh plan is refused: ${fresh.reason}`]
    : document.changes.flatMap((change) => wrongLiteral({ change, document, fresh }));
  const isRight = moved.length === 0 && wrong.length === 0;
  const word = undo ? 'the old literal' : 'equal';
  return {
    ok: found.ok && isRight,
    at: utcTimestamp(now),
    stages_yaml: found.file,
    lines: [
      found.line,
      ...(found.stages !== null && moved.length === 0
        ? ['every stage has the sources it was calibrated with']
        : moved),
      ...(wrong.length === 0
        ? [`a fresh plan says ${word} for ${countText(document.changes.length)}`]
        : wrong),
    ],
  };
}

function countText(changes: number): string {
  return changes === 1 ? 'the one changed threshold' : `all ${changes} changed thresholds`;
}

/** The session's stages as discovery has them now; a stage that is gone stays as it was. */
function withStages(snapshot: RunSnapshot, found: readonly StageDefinition[] | null): RunSnapshot {
  const fresh = new Map(found?.map((stage) => [stage.key, stage]));
  return { ...snapshot, stages: snapshot.stages.map((stage) => fresh.get(stage.key) ?? stage) };
}

function movedSources(planned: readonly StageDefinition[], found: readonly StageDefinition[]): string[] {
  return planned.flatMap((stage) => {
    const fresh = found.find(({ key }) => key === stage.key);
    if (fresh === undefined) {
      return [`stage ${stage.key} is not discovered any more`];
    }
    return Object.entries(stage.metrics)
      .filter(([metric, { source }]) => fresh.metrics[metric]?.source !== source)
      .map(
        ([metric, { source }]) =>
          `${stage.key}.${metric} was ${source}, discovery finds ${fresh.metrics[metric]?.source ?? 'nothing'}`,
      );
  });
}

function wrongLiteral(question: {
  change: AppliedChange;
  document: AppliedDocument;
  fresh: ApplyPlanDocument;
}): string[] {
  const { change, document, fresh } = question;
  const metric = fresh.stages
    .find(({ stage_key: key }) => key === change.stage_key)
    ?.metrics.find(({ metric_key: key }) => key === change.metric_key);
  const wanted = document.undone === null ? change.new_text : change.old_text;
  const name = `${change.stage_key}.${change.metric_key}`;
  if (metric?.current_text !== wanted) {
    return [`${name} should read ${wanted}, but reads ${metric?.current_text ?? 'nothing'}`];
  }
  const mustEqual = document.undone === null && !change.custom;
  return mustEqual && metric.direction !== 'equal'
    ? [`a fresh plan says ${metric.direction} for ${name}`]
    : [];
}
