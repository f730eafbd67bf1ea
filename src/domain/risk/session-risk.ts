import { thresholdId } from '../apply/thresholds.ts';
import { writeValue, type WriteValueOptions } from '../apply/write-value.ts';
import type { RunSnapshot } from '../audit/strict.ts';
import type { GateSource } from '../gates/build-gates.ts';
import { sessionCommit } from '../session/session-plan.ts';
import { isDocsStage, type StageDefinition, type StageMetric } from '../stages/stage.ts';
import { acceptedValues, worstOf } from '../statistics/worst-of-n.ts';
import { gateRuleOf } from './gate-rule.ts';
import { type HeldMetric, holdOut } from './hold-out.ts';
import { metricRisk, spreadOf } from './metric-risk.ts';
import { metricTarget, riskClass } from './risk-class.ts';
import type { MetricEntry, RiskDocument } from './risk-document.ts';
import { failsGate, type GateRule, type RiskGateAnswer } from './risk-gate.ts';

/** The gates of a session's commit, or why they are not known. */
export type SessionGates =
  | { kind: 'read'; gates: readonly GateSource[] }
  | { kind: 'unknown'; reason: string };

/** Share of unchanged commits that a suite may fail where nobody says otherwise. */
export const defaultSuiteTarget = 0.05;

export interface RiskOptions {
  snapshot: RunSnapshot;
  gates: SessionGates;
  /** Attempts that CI gives a test before it counts as failed. */
  attempts: number;
  /** Share of unchanged commits that the whole suite may fail, for example 0.05. */
  suiteTarget: number;
}

/** One metric with its runs and the gate that its literal leads to. */
interface Subject {
  id: string;
  stage: StageDefinition;
  key: string;
  metric: StageMetric;
  write: WriteValueOptions;
  values: (number | null)[];
  /** `unknown`: why there is no gate. */
  gate: { literal: number | null; rule: GateRule } | { unknown: string };
}

/** What the gates of a session will do to unchanged commits, from its runs alone; costs no GPU time. */
export function sessionRisk(options: RiskOptions): RiskDocument {
  const { snapshot, gates, attempts, suiteTarget } = options;
  const subjects = subjectsOf(snapshot, gates);
  const target = metricTarget(subjects.length, suiteTarget);
  const metrics = subjects.map((subject) => entryOf(subject, snapshot, { attempts, target }));
  const held = subjects.flatMap(({ id, write, values, gate }): HeldMetric[] =>
    'rule' in gate ? [{ id, ...write, values, rule: gate.rule }] : [],
  );
  const heldOut = holdOut(held, snapshot.plan.repeats);
  return {
    schema: 'calib.risk/1',
    model: snapshot.plan.model,
    git_sha: sessionCommit(snapshot.plan),
    repeats: snapshot.plan.repeats,
    gates_unknown: gates.kind === 'unknown' ? gates.reason : null,
    target,
    metrics,
    session: {
      attempts,
      ...passOf(metrics, attempts),
      holdout: heldOut,
      holdout_unknown: heldOut === null ? 'needs two complete repeats and a known gate' : null,
    },
  };
}

function subjectsOf({ plan, stages, cells }: RunSnapshot, gates: SessionGates): Subject[] {
  const sources = new Map(
    gates.kind === 'unknown'
      ? []
      : gates.gates.map((source) => [thresholdId(source.metric.stage, source.metric.metric), source]),
  );
  return stages
    .filter((stage) => !isDocsStage(stage))
    .flatMap((stage) =>
      Object.entries(stage.metrics).map(([key, metric]): Subject => {
        const id = thresholdId(stage.key, key);
        const { worst, display } = metric;
        const source = sources.get(id);
        const reason = gates.kind === 'unknown' ? gates.reason : 'its gate was not looked for';
        return {
          id,
          stage,
          key,
          metric,
          write: { group: stage.group, worst, digits: display.digits, scale: display.scale },
          values: acceptedValues({
            stage,
            metric: key,
            files: (cells[stage.key] ?? []).slice(0, plan.repeats),
          }),
          gate:
            source === undefined
              ? { unknown: reason }
              : { literal: source.metric.found?.value ?? null, rule: gateRuleOf(source, worst) },
        };
      }),
    );
}

function entryOf(
  subject: Subject,
  snapshot: RunSnapshot,
  { attempts, target }: { attempts: number; target: number },
): MetricEntry {
  const { stage, key, metric, write, gate } = subject;
  const values = subject.values.filter((value) => value !== null).filter(Number.isFinite);
  const worst = worstOf(values, metric.worst);
  const literalAfter = writeValue(worst, write);
  const literal = 'rule' in gate ? gate.literal : null;
  const after = answerAt(gate, literalAfter);
  const shared = {
    stage: stage.key,
    metric: key,
    test: stage.test,
    label: metric.display.label,
    place: metric.source,
    n: values.length,
    values,
    worst,
    literal,
    literal_after: literalAfter,
    gate: thresholdOf(answerAt(gate, literal)),
    gate_after: thresholdOf(after),
    op: after.kind === 'gate' ? after.gate.op : null,
    rule: 'rule' in gate && after.kind === 'gate' ? gate.rule.rule : null,
    gate_note: after.kind === 'gate' ? after.note : after.reason,
    display_scale: metric.display.scale,
    worst_is: metric.worst,
  };
  if (after.kind === 'unknown' || worst === null) {
    return { ...shared, ...spreadOf({ ...write, values }), ...nothingKnown };
  }
  const input = { ...write, values, gate: after.gate, items: itemsOf(subject, snapshot), attempts, target };
  const { slack, ...risk } = metricRisk(input);
  return {
    ...shared,
    ...risk,
    slack_percent: slack === null ? null : 100 * slack,
    class: riskClass(
      { ...risk, slack },
      {
        isConstant: values.length > 1 && values.every((value) => value === worst),
        fails: failsGate(worst, after.gate, metric.worst),
        target,
      },
    ),
  };
}

const nothingKnown = {
  slack_percent: null,
  p: null,
  p_upper: null,
  regression_80: null,
  regression_80_attempts: null,
  flips_to_fail: null,
  class: null,
  no_spread: null,
  recommended: { n: null, slack_percent: null },
};

function answerAt(gate: Subject['gate'], literal: number | null): RiskGateAnswer {
  if ('unknown' in gate) return { kind: 'unknown', reason: gate.unknown };
  return literal === null
    ? { kind: 'unknown', reason: 'there is no number for its literal' }
    : gate.rule.at(literal);
}

function thresholdOf(answer: RiskGateAnswer): number | null {
  return answer.kind === 'gate' ? answer.gate.threshold : null;
}

/** Items that an accuracy is a share of: the fewest samples of a run; null for values that are no shares. */
function itemsOf({ stage, values }: Subject, { cells }: RunSnapshot): number | null {
  if (stage.group !== 'accuracy' || values.some((value) => value !== null && (value < 0 || value > 1))) {
    return null;
  }
  const totals = (cells[stage.key] ?? []).flatMap((file) =>
    file.kind === 'recorded' ? (file.observation.sample_counts.total ?? []) : [],
  );
  const fewest = Math.min(...totals);
  return Number.isFinite(fewest) && fewest > 0 ? fewest : null;
}

type Pass = Pick<RiskDocument['session'], 'expected_false_fails' | 'p_any' | 'left_out' | 'by_file'>;

/** Sums over one CI pass; metrics without a p are counted and left out. */
function passOf(metrics: readonly MetricEntry[], attempts: number): Pass {
  const known = metrics.filter(({ p }) => p !== null);
  const files = [...new Set(known.map(({ test }) => test))].map((test) => {
    const passes = known.filter((metric) => metric.test === test).map(({ p }) => 1 - (p ?? 0));
    const attempt = Math.max(Number.MIN_VALUE, 1 - passes.reduce((product, share) => product * share, 1));
    return { test, p_attempt: attempt, p: attempt ** attempts };
  });
  return {
    expected_false_fails: known.length === 0 ? null : known.reduce((sum, { p }) => sum + (p ?? 0), 0),
    p_any: known.length === 0 ? null : 1 - files.reduce((product, { p }) => product * (1 - p), 1),
    left_out: metrics.length - known.length,
    by_file: files,
  };
}
