import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

import type { ApplyPlanDocument, ApplyPlanRefusal } from '../../domain/apply/apply-plan-document.ts';
import { applyPlan } from '../../domain/apply/apply-plan.ts';
import { type LocatedThreshold, type LocatedThresholds, thresholdId } from '../../domain/apply/thresholds.ts';
import type { RunSnapshot } from '../../domain/audit/strict.ts';
import { type StageDefinition, type StageMetric, thresholdFileOf } from '../../domain/stages/stage.ts';
import { messageOf } from '../../domain/text.ts';
import { gitText } from '../git/git.ts';
import { closedFile, openThresholdFile, type ThresholdReader } from '../places/threshold-file.ts';
import { sha256Of } from './files.ts';

export interface ReadCurrentLiteralsOptions {
  /** Absolute path of the checkout whose work tree is read. */
  repoRoot: string;
  stages: readonly StageDefinition[];
}

interface SourceFile {
  reader: ThresholdReader;
  sha256: string | null;
}

/**
 * The literal that every planned metric has at present. Never throws for a file: what cannot be read is an
 * unknown literal with the reason.
 */
export async function readCurrentLiterals({
  repoRoot,
  stages,
}: ReadCurrentLiteralsOptions): Promise<LocatedThresholds> {
  const sources = new Map<string, SourceFile>();
  const located: LocatedThresholds = { literals: {}, concurrency: {}, files: [] };
  for (const path of new Set(stages.flatMap((stage) => [stage.test, thresholdFileOf(stage)]))) {
    sources.set(path, await readSource(resolve(repoRoot, path), path));
  }
  for (const path of new Set(stages.map(thresholdFileOf))) {
    located.files.push({ file: resolve(repoRoot, path), path, sha256: sources.get(path)?.sha256 ?? null });
  }
  for (const stage of stages) {
    const holder = sources.get(thresholdFileOf(stage))?.reader ?? closedFile('the file was not read');
    const concurrency = sources.get(stage.test)?.reader.concurrency ?? holder.concurrency;
    located.concurrency[stage.key] = concurrency;
    for (const [key, metric] of Object.entries(stage.metrics)) {
      located.literals[thresholdId(stage.key, key)] = certain(
        holder.locate(metric.source, concurrency),
        metric,
      );
    }
  }
  return located;
}

/** `None` is a threshold only where the config lets a calibration fill it. */
function certain(literal: LocatedThreshold, { source, pending }: StageMetric): LocatedThreshold {
  if (literal.kind === 'unknown' || literal.value !== null || pending === true) {
    return literal;
  }
  const { text, line, column } = literal;
  return { kind: 'unknown', reason: `${source} is \`${text}\`, not a numeric literal`, line, column };
}

async function readSource(file: string, path: string): Promise<SourceFile> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    return { reader: closedFile(`cannot read ${path}: ${messageOf(error)}`), sha256: null };
  }
  return { reader: openThresholdFile(bytes, path), sha256: sha256Of(bytes) };
}

export interface ReadApplyPlanOptions {
  snapshot: RunSnapshot;
  /** Absolute path of the checkout. */
  repoRoot: string;
}

/**
 * The apply plan of a run directory against the checkout as it stands; read-only.
 *
 * @throws CalibError when git cannot say what HEAD is
 */
export async function readApplyPlan({
  snapshot,
  repoRoot,
}: ReadApplyPlanOptions): Promise<ApplyPlanDocument | ApplyPlanRefusal> {
  const head = await gitText(repoRoot, ['rev-parse', '--verify', 'HEAD^{commit}']);
  const thresholds = await readCurrentLiterals({ repoRoot, stages: snapshot.stages });
  return applyPlan({ snapshot, repoRoot, head, thresholds });
}
