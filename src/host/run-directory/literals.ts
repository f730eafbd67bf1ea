import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

import type { ApplyPlanDocument, ApplyPlanRefusal } from '../../domain/apply/apply-plan-document.ts';
import { applyPlan } from '../../domain/apply/apply-plan.ts';
import {
  type LocatedThreshold,
  type LocatedThresholds,
  parseThresholdSource,
  thresholdId,
} from '../../domain/apply/thresholds.ts';
import type { RunSnapshot } from '../../domain/audit/strict.ts';
import { type StageDefinition, thresholdFileOf } from '../../domain/stages/stage.ts';
import { messageOf } from '../../domain/text.ts';
import { locateLiteral, readConcurrency } from '../../python/locate-literal.ts';
import { decodePythonSource } from '../../python/parse-module.ts';
import { gitText } from '../git/git.ts';
import { sha256Of } from './files.ts';

export interface ReadCurrentLiteralsOptions {
  /** Absolute path of the checkout whose work tree is read. */
  repoRoot: string;
  stages: readonly StageDefinition[];
}

interface SourceFile {
  text: string | null;
  sha256: string | null;
  /** Why there is no text. */
  problem: string;
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
    const test = sources.get(stage.test)?.text ?? '';
    const holder = sources.get(thresholdFileOf(stage));
    const concurrency = readConcurrency(test) ?? readConcurrency(holder?.text ?? '');
    located.concurrency[stage.key] = concurrency;
    for (const [key, metric] of Object.entries(stage.metrics)) {
      located.literals[thresholdId(stage.key, key)] = locate({ holder, source: metric.source, concurrency });
    }
  }
  return located;
}

function locate(wanted: {
  holder: SourceFile | undefined;
  source: string;
  concurrency: number | null;
}): LocatedThreshold {
  const { symbol, subkey, kind } = parseThresholdSource(wanted.source);
  if (kind === 'unknown') {
    return unknown(`${wanted.source} is neither a constant nor a nested entry of one`);
  }
  const text = wanted.holder?.text ?? null;
  return text === null
    ? unknown(wanted.holder?.problem ?? 'the file was not read')
    : locateLiteral(text, { symbol, subkey, concurrency: wanted.concurrency });
}

async function readSource(file: string, path: string): Promise<SourceFile> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    return { text: null, sha256: null, problem: `cannot read ${path}: ${messageOf(error)}` };
  }
  const sha256 = sha256Of(bytes);
  try {
    return { text: decodePythonSource(bytes, path), sha256, problem: '' };
  } catch (error) {
    return { text: null, sha256, problem: messageOf(error) };
  }
}

function unknown(reason: string): LocatedThreshold {
  return { kind: 'unknown', reason, line: null, column: null };
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
