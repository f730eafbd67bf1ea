import type { AppliedChange, AppliedCheck, AppliedDocument } from '../../domain/apply/applied-document.ts';
import { type ApplyPlanDocument, isRefusal } from '../../domain/apply/apply-plan-document.ts';
import type { RunSnapshot } from '../../domain/audit/strict.ts';
import { CalibError } from '../../domain/calib-error.ts';
import type { Plan } from '../../domain/session/session-plan.ts';
import type { StageDefinition } from '../../domain/stages/stage.ts';
import { messageOf, utcTimestamp } from '../../domain/text.ts';
import { stagesOfPlan } from '../discovery/stages-of-plan.ts';
import { readApplyPlan } from '../run-directory/literals.ts';
import { readRunDirectory } from '../run-directory/stages-copy.ts';
import { writeApplied } from './run-apply.ts';
import { restoreStages } from './restore-stages.ts';

export interface Rediscovery {
  ok: boolean;
  /** What is discovered now; null when nothing could be. */
  stages: StageDefinition[] | null;
  /** One sentence. */
  line: string;
}

/**
 * Runs discovery for a session's model on the files as they are now, in memory: the catalog stays as it is. A catalog or a
 * checkout that cannot be read is told, not thrown.
 */
export async function rediscover(options: { plan: Plan; repoRoot: string }): Promise<Rediscovery> {
  const { plan, repoRoot } = options;
  try {
    const { stages } = await stagesOfPlan(plan, repoRoot);
    return { ok: true, stages, line: 'discovery ran again on the files as they are now' };
  } catch (error) {
    if (!(error instanceof CalibError)) {
      throw error;
    }
    return {
      ok: false,
      stages: null,
      line: `discovery could not run again: ${error.message.replaceAll(/\s*\n\s*/g, ' ')}`,
    };
  }
}

/**
 * Looks again after an apply or an undo: discovers the model anew, compares the sources with the session's, and asks a fresh plan about every changed
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
  if (undo) await restoreStages({ runDir, repoRoot, document });
  const found = await rediscover({ plan: snapshot.plan, repoRoot });
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
    stages_yaml: null,
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
