import { readFile, realpath, stat } from 'node:fs/promises';
import { relative, resolve, sep } from 'node:path';

import type { AppliedChange } from '../../domain/apply/applied-document.ts';
import type { ApplyChoice, PlannedThreshold, WriteChoice } from '../../domain/apply/apply-plan-document.ts';
import { type ApplyQuestion, decideApply, type EditMode } from '../../domain/apply/decide-apply.ts';
import { symbolObstacle, literalsSharedOutsideSession } from '../../domain/apply/shared-literals.ts';
import type { RunSnapshot } from '../../domain/audit/strict.ts';
import { parseStagesYaml } from '../../domain/stages/stages-yaml.ts';
import { messageOf } from '../../domain/text.ts';
import { openCatalog } from '../catalog/open-catalog.ts';
import { type PlaceReplacement, replaceInFile } from '../places/threshold-file.ts';
import { sha256Of } from '../run-directory/files.ts';
import { readRunDirectory, readStagesText } from '../run-directory/stages-copy.ts';
import { checkPreconditions } from './check-preconditions.ts';

/** A file that may be edited, as it stands. */
export interface EditTarget {
  /** Repository-relative path as planned. */
  file: string;
  /** Absolute, links resolved: this is replaced, so that a link stays one. */
  path: string;
  bytes: Buffer;
  sha256: string;
}

/**
 * The real file behind a planned path. Only regular files below the repository root are edited, and no link may lead
 * out of it or into git's own folder.
 *
 * @param place `file` is absolute or relative to `repoRoot`
 */
export async function resolveTarget(place: {
  repoRoot: string;
  file: string;
}): Promise<{ target: EditTarget } | { problem: string }> {
  const absolute = resolve(place.repoRoot, place.file);
  const file = relative(place.repoRoot, absolute);
  try {
    const realRoot = await realpath(place.repoRoot);
    const path = await realpath(absolute);
    if (!path.startsWith(`${realRoot}${sep}`)) {
      return { problem: `${file} leads out of the repository, to ${path}` };
    }
    if (path.startsWith(`${realRoot}${sep}.git${sep}`)) {
      return { problem: `${file} leads into git's own folder, to ${path}` };
    }
    if (!(await stat(path)).isFile()) {
      return { problem: `${file} is not a regular file` };
    }
    const bytes = await readFile(path);
    return { target: { file, path, bytes, sha256: sha256Of(bytes) } };
  } catch (error) {
    return { problem: `${file} cannot be read: ${messageOf(error)}` };
  }
}

/** A threshold that is to be written. */
export type ThresholdWrite = PlannedThreshold & WriteChoice;

/** A file with its new content, verified; nothing is written yet. */
export interface PreparedFile extends EditTarget {
  after: Uint8Array;
}

/**
 * The new contents of every file that the writes are in, verified by parsing them again; nothing is written.
 *
 * @returns `edits`: literals changed, two writes may share one; or why a file cannot be edited
 */
export async function editInMemory(
  repoRoot: string,
  writes: readonly ThresholdWrite[],
): Promise<{ files: PreparedFile[]; edits: number } | { problem: string }> {
  const targets = new Map<string, { target: EditTarget; writes: ThresholdWrite[] }>();
  for (const write of writes) {
    const resolved = await resolveTarget({ repoRoot, file: write.stage.threshold_file });
    if ('problem' in resolved) {
      return resolved;
    }
    const { target } = resolved;
    const known = targets.get(target.path)?.writes ?? [];
    targets.set(target.path, { target, writes: [...known, write] });
  }
  const files: PreparedFile[] = [];
  let edits = 0;
  for (const { target, writes: wanted } of targets.values()) {
    const replaced = replaceInFile(target.bytes, target.file, wanted.map(replacementOf));
    if (replaced.kind === 'refused') {
      return { problem: replaced.reason };
    }
    files.push({ ...target, after: replaced.bytes });
    edits += replaced.edits;
  }
  return { files, edits };
}

function replacementOf({ metric, text }: ThresholdWrite): PlaceReplacement {
  const { place, source, current_text: oldText } = metric;
  return { place: place ?? source, oldText: oldText ?? '', newText: text };
}

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
 * Everything an apply does before it writes: preconditions, decisions, and every edited file in memory,
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
  return literalsSharedOutsideSession({
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
    old_value: metric.current_raw,
    ...(metric.place === null ? {} : { place: metric.place }),
    new_value: value,
    worst: metric.worst_op,
    worst_raw: metric.worst_raw,
    per_run_raw: metric.per_run_raw,
    custom: write.custom,
    stricter_than_observed: write.stricterThanObserved,
  };
}
