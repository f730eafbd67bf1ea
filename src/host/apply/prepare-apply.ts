import { relative } from 'node:path';

import type { AppliedChange } from '../../domain/apply/applied-document.ts';
import type { ApplyChoice } from '../../domain/apply/apply-choice.ts';
import type { ApplyQuestion, EditMode } from '../../domain/apply/apply-question.ts';
import { decideApply } from '../../domain/apply/decide-apply.ts';
import { symbolObstacle } from '../../domain/apply/symbol-isolation.ts';
import { unobservedSharers } from '../../domain/apply/unobserved-sharers.ts';
import type { RunSnapshot } from '../../domain/audit/run-snapshot.ts';
import { parseStagesYaml } from '../../domain/stages/parse-stages-yaml.ts';
import { openCatalog } from '../catalog/open-catalog.ts';
import { readRunDirectory } from '../run-directory/read-run-directory.ts';
import { readStagesText } from '../run-directory/stages-copy.ts';
import { checkPreconditions } from './check-preconditions.ts';
import { editInMemory } from './edit-in-memory.ts';
import type { PreparedFile, ThresholdWrite } from './edit-in-memory.ts';

export interface PrepareApplyOptions {
  /** Absolute. */
  runDir: string;
  mode: EditMode;
  /** As `DecideApplyOptions.decide`. */
  decide: Readonly<Record<string, string>>;
}

export type PreparedApply =
  /** `questions`: what the operator has to decide first; empty when it is something else. */
  | { kind: 'refused'; reason: string; questions: ApplyQuestion[] }
  | {
      kind: 'prepared';
      snapshot: RunSnapshot;
      /** Only what is changed, plan order. */
      changes: AppliedChange[];
      /** Only files that are changed. */
      files: PreparedFile[];
      /** Literals changed: two metrics may share one. */
      edits: number;
      warnings: string[];
    };

/**
 * Everything an apply does before it writes (spec 06 §11): preconditions, decisions, and every edited file in memory,
 * parsed again and verified. Writes nothing: also the dry run.
 *
 * @throws CalibError when the run directory, the catalog or git cannot be read
 */
export async function prepareApply({ runDir, mode, decide }: PrepareApplyOptions): Promise<PreparedApply> {
  const snapshot = await readRunDirectory(runDir);
  const { repo_root: repoRoot, catalog_dir: catalogDir } = snapshot.plan;
  if (repoRoot === undefined || catalogDir === undefined) {
    return refused(`${runDir}/plan.json names no checkout or no catalog: the session was not made by calib`);
  }
  const preconditions = await checkPreconditions({ snapshot, repoRoot });
  if (preconditions.kind === 'refused') {
    return refused(preconditions.reason);
  }
  const decision = decideApply({ plan: preconditions.plan, mode, decide });
  if (decision.kind === 'refused') {
    return decision;
  }
  const writes = decision.choices.filter(isWrite);
  const obstacles = await symbolObstacles({ snapshot, writes, catalogDir });
  if (obstacles.length > 0) {
    return refused(obstacles.join('\n'));
  }
  const edited = await editInMemory(repoRoot, writes);
  return 'problem' in edited
    ? refused(edited.problem)
    : {
        kind: 'prepared',
        snapshot,
        changes: writes.map((write) => changeOf(repoRoot, write)),
        ...edited,
        warnings: [...decision.warnings, ...(await sharedLiterals(snapshot, writes))],
      };
}

function isWrite(choice: ApplyChoice): choice is ThresholdWrite {
  return choice.action === 'write';
}

function refused(reason: string): PreparedApply {
  return { kind: 'refused', reason, questions: [] };
}

async function symbolObstacles(question: {
  snapshot: RunSnapshot;
  writes: readonly ThresholdWrite[];
  catalogDir: string;
}): Promise<string[]> {
  const { snapshot, writes, catalogDir } = question;
  if (writes.length === 0) {
    return [];
  }
  const { config } = await (await openCatalog(catalogDir)).loadModel(snapshot.plan.model);
  return writes.flatMap(({ id, stage, metric }) => {
    const defined = snapshot.stages.find(({ key }) => key === stage.stage_key);
    const obstacle =
      defined === undefined
        ? 'the stage is not in the plan'
        : symbolObstacle({ stage: defined, source: metric.source, config });
    return obstacle === null ? [] : [`${id} must not be written: ${obstacle}`];
  });
}

async function sharedLiterals(snapshot: RunSnapshot, writes: readonly ThresholdWrite[]): Promise<string[]> {
  const { text, path } = await readStagesText(snapshot.run_dir, snapshot.plan);
  return unobservedSharers({
    writes: writes.map(({ stage, metric }) => ({
      stageKey: stage.stage_key,
      metricKey: metric.metric_key,
      source: metric.source,
    })),
    planned: snapshot.plan.stages,
    known: parseStagesYaml(text, path),
  });
}

function changeOf(repoRoot: string, write: ThresholdWrite): AppliedChange {
  const { stage, metric, text, value } = write;
  return {
    stage_key: stage.stage_key,
    metric_key: metric.metric_key,
    source: metric.source,
    symbol: metric.symbol,
    subkey: metric.subkey,
    concurrency: metric.outer_key,
    file: relative(repoRoot, stage.threshold_file),
    line: metric.location?.line ?? 0,
    column: metric.location?.column ?? 0,
    old_text: metric.current_text ?? '',
    new_text: text,
    old_value: metric.current_raw ?? 0,
    new_value: value,
    worst: metric.worst_op,
    worst_raw: metric.worst_raw,
    per_run_raw: metric.per_run_raw,
    custom: write.custom,
    stricter_than_observed: write.stricterThanObserved,
  };
}
