import { readiness } from '../audit/strict-audit.ts';
import type { RunSnapshot } from '../audit/strict.ts';
import { numberTextFor } from '../places/number-text.ts';
import { roundHalfEven } from '../numbers/python-numbers.ts';
import { type Plan, sessionCommit } from '../session/session-plan.ts';
import { isDocsStage, type StageDefinition, type StageMetric, thresholdFileOf } from '../stages/stage.ts';
import { acceptedValues, worstOfN } from '../statistics/worst-of-n.ts';
import type {
  ApplyPlanDocument,
  ApplyPlanMetric,
  ApplyPlanRefusal,
  ApplyPlanStage,
} from './apply-plan-document.ts';
import { applyRefusal } from './apply-refusal.ts';
import {
  type Direction,
  directionOf,
  type LocatedThreshold,
  type LocatedThresholds,
  parseThresholdSource,
  thresholdId,
} from './thresholds.ts';
import { writeText, writeValue } from './write-value.ts';

export interface ConcurrencyWarningOptions {
  plan: Plan;
  stageKey: string;
  /** Outer keys that the stage's literals really use. */
  used: readonly number[];
}

/** Warns when pytest is told another concurrency than the key whose literals are edited. */
export function concurrencyWarnings({ plan, stageKey, used }: ConcurrencyWarningOptions): string[] {
  const unit = plan.units?.find((candidate) => candidate.stages.includes(stageKey));
  const passed = passedConcurrency(unit?.pytest_args ?? []);
  const other = [...new Set(used)].filter((key) => passed !== null && key !== passed);
  return other.map(
    (key) =>
      `${stageKey}: pytest is given --concurrency ${passed}, but the literals under key ${key} are edited`,
  );
}

/** Warns of a literal that is only the default of a variable which the session's launches set. */
function environmentWarnings(options: {
  plan: Plan;
  stageKey: string;
  metrics: readonly ApplyPlanMetric[];
}): string[] {
  const { plan, stageKey, metrics } = options;
  const unit = plan.units?.find((candidate) => candidate.stages.includes(stageKey));
  const launched: Record<string, string> = { ...plan.environment, ...unit?.env };
  return metrics.flatMap(({ metric_key: key, place, variable }) => {
    const value = variable === null ? undefined : launched[variable];
    return value === undefined
      ? []
      : [
          `${thresholdId(stageKey, key)}: ${place} is the default of ${variable}, which the session sets to ${value}: the literal is not the gate`,
        ];
  });
}

function passedConcurrency(args: readonly string[]): number | null {
  const joined = args.findLast((argument) => argument.startsWith('--concurrency='));
  const separate = args.lastIndexOf('--concurrency');
  const text = joined?.slice('--concurrency='.length) ?? (separate === -1 ? undefined : args[separate + 1]);
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : null;
}

export interface ApplyPlanOptions {
  snapshot: RunSnapshot;
  /** Absolute path of the checkout. */
  repoRoot: string;
  /** The checkout's present HEAD. */
  head: string;
  thresholds: LocatedThresholds;
}

/**
 * What an apply would write, or why there must be none: provenance, strict and completeness must hold and
 * HEAD must be the session commit.
 */
export function applyPlan(options: ApplyPlanOptions): ApplyPlanDocument | ApplyPlanRefusal {
  const { snapshot, head, thresholds } = options;
  const commit = sessionCommit(snapshot.plan);
  const refusal = applyRefusal({ state: readiness(snapshot), commit, head });
  if (refusal !== null) {
    return refusal;
  }
  return {
    model: snapshot.plan.model,
    run_dir: snapshot.run_dir,
    repeats: snapshot.plan.repeats,
    stages: snapshot.stages.filter((stage) => !isDocsStage(stage)).map((stage) => planStage(options, stage)),
    calibration_git_sha: commit,
    files: thresholds.files.map(({ file, path, sha256 }) => ({
      file,
      sha256,
      session_sha256: snapshot.plan.file_sha256?.[path] ?? null,
    })),
  };
}

function planStage(options: ApplyPlanOptions, stage: StageDefinition): ApplyPlanStage {
  const metrics = Object.entries(stage.metrics).map(([key, metric]) =>
    planMetric({ options, stage, key, metric }),
  );
  const used = Object.keys(stage.metrics).flatMap((key) => {
    const literal = options.thresholds.literals[thresholdId(stage.key, key)];
    return literal?.kind === 'found' && literal.concurrencyUsed !== null ? [literal.concurrencyUsed] : [];
  });
  const unit = options.snapshot.plan.units?.find((candidate) => candidate.stages.includes(stage.key));
  const concurrency = used[0] ?? options.thresholds.concurrency[stage.key] ?? null;
  return {
    stage_key: stage.key,
    test: absolute(options.repoRoot, stage.test),
    threshold_file: absolute(options.repoRoot, thresholdFileOf(stage)),
    title: stage.title,
    stage_group: stage.group,
    variant: stage.variant ?? null,
    calibration_preset: stage.calibration_preset ?? null,
    gpus: stage.gpus ?? unit?.gpus ?? null,
    concurrency,
    metrics,
    warnings: [
      ...concurrencyWarnings({ plan: options.snapshot.plan, stageKey: stage.key, used }),
      ...environmentWarnings({ plan: options.snapshot.plan, stageKey: stage.key, metrics }),
      ...metrics.flatMap(({ metric_key: key, unknown_reason: reason }) =>
        reason === null ? [] : [`${thresholdId(stage.key, key)} is skipped: ${reason}`],
      ),
    ],
  };
}

interface PlannedMetric {
  options: ApplyPlanOptions;
  stage: StageDefinition;
  key: string;
  metric: StageMetric;
}

function planMetric({ options, stage, key, metric }: PlannedMetric): ApplyPlanMetric {
  const { snapshot, thresholds, repoRoot } = options;
  const { worst, display } = metric;
  const values = acceptedValues({ stage, metric: key, files: snapshot.cells[stage.key] ?? [] });
  const worstRaw = worstOfN({ values, repeats: snapshot.plan.repeats, worst });
  const rule = { group: stage.group, worst, digits: display.digits, scale: display.scale };
  const next = writeValue(worstRaw, rule);
  const literal = thresholds.literals[thresholdId(stage.key, key)] ?? notLocated;
  const found = literal.kind === 'found' ? literal : null;
  const isPending = found !== null && found.value === null;
  return {
    metric_key: key,
    source: metric.source,
    ...sourceFields(metric.source),
    stage_group: stage.group,
    worst_op: worst,
    per_run_raw: values.filter((value) => value !== null),
    worst_raw: worstRaw,
    worst_rounded: worstRaw === null ? null : roundHalfEven(worstRaw, display.digits),
    write_value: next,
    digits: display.digits,
    scale: display.scale,
    label: display.label,
    current_raw: found?.value ?? null,
    direction: isPending
      ? pendingDirection(next)
      : directionOf({ current: found?.value ?? null, next, worst }),
    current_text: found?.text ?? null,
    write_text:
      next === null
        ? null
        : numberTextFor(
            writeText(next, { ...rule, currentIsInteger: found?.isInteger ?? false }),
            thresholdFileOf(stage),
          ),
    location: locationOf(absolute(repoRoot, thresholdFileOf(stage)), literal),
    unknown_reason: literal.kind === 'unknown' ? literal.reason : null,
    outer_key: found?.concurrencyUsed ?? null,
    place: found?.place ?? null,
    variable: found?.variable ?? null,
  };
}

/** A gate that was off comes on. */
function pendingDirection(next: number | null): Direction {
  return next === null ? 'unknown' : 'tightens';
}

const notLocated: LocatedThreshold = { kind: 'unknown', reason: 'not looked for', line: null, column: null };

function sourceFields(source: string): Pick<ApplyPlanMetric, 'source_kind' | 'symbol' | 'subkey'> {
  const { kind, symbol, subkey } = parseThresholdSource(source);
  return { source_kind: kind, symbol, subkey };
}

function locationOf(file: string, { line, column }: LocatedThreshold): ApplyPlanMetric['location'] {
  return line === null || column === null ? null : { file, line, column };
}

function absolute(repoRoot: string, path: string): string {
  return path.startsWith('/') ? path : `${repoRoot}/${path}`;
}
