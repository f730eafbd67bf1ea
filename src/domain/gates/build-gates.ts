import type { PythonNumber } from '../numbers/python-arithmetic.ts';
import { deciderOf, holdsLiteral, type Decider } from './decides.ts';
import { stepsOf, valueScale } from './describe-steps.ts';
import type { Gate, GateAssertion } from './gate.ts';
import type { FileReading, ReadAssertion } from './reading.ts';
import { literalKey, replacedLiterals } from './rule.ts';
import { thresholdAt, type LiteralValues } from './threshold-at.ts';

/** A metric with the literal that its calibration writes. */
export interface MetricLiteral {
  stage: string;
  metric: string;
  /** As `stages.yaml` and messages spell it. */
  place: string;
  /** Repository-relative path of the file with the literal. */
  file: string;
  /** Repository-relative path of the test file. */
  test: string;
  /** Null when the literal cannot be read, with the reason. */
  found: ({ line: number; column: number } & PythonNumber) | null;
  problem: string | null;
}

/** What a gate is made of: the metric, and every comparison that its literal reaches. */
export interface GateSource {
  metric: MetricLiteral;
  assertions: readonly ReadAssertion[];
  status: Gate['status'];
  decidedBy: Decider | null;
  reason: string | null;
}

/** Finds, for each metric, the comparisons that its literal reaches, in every test file that was read. */
export function findGates(metrics: readonly MetricLiteral[], readings: readonly FileReading[]): GateSource[] {
  return metrics.map((metric) => findGate(metric, readings));
}

function findGate(metric: MetricLiteral, readings: readonly FileReading[]): GateSource {
  const none = { metric, assertions: [], decidedBy: null };
  if (metric.found === null) {
    const off = readings.flatMap(({ inactive }) => inactive).find((one) => isAt(one, metric));
    return off === undefined
      ? { ...none, status: 'unread', reason: metric.problem }
      : {
          ...none,
          status: 'inactive',
          reason: `${off.place} is None: the suite asks for it at ${off.at} and goes on`,
        };
  }
  const key = literalKey({ file: metric.file, ...metric.found });
  const reached = readings.flatMap(({ assertions }) =>
    assertions.filter(
      ({ rule, centre }) => holdsLiteral(rule, key) || (centre !== null && holdsLiteral(centre, key)),
    ),
  );
  const gates = reached.filter(isGate);
  if (gates.length > 0) {
    return withDecider(metric, gates, key);
  }
  return { ...none, ...unreachedReason(metric, { readings, reached, key }) };
}

function isAt(place: { file: string; place: string }, metric: MetricLiteral): boolean {
  return place.file === metric.file && place.place === metric.place;
}

function isGate({ role, operator }: ReadAssertion): boolean {
  return role === 'bound' && operator !== '==' && operator !== '!=';
}

/** Inert where every comparison is decided by something else. */
function withDecider(metric: MetricLiteral, gates: readonly ReadAssertion[], key: string): GateSource {
  const deciders = gates.map(({ rule, centre }) =>
    centre !== null && holdsLiteral(centre, key) ? null : deciderOf(rule, key),
  );
  const [first] = deciders;
  const isInert = first !== undefined && first !== null && !deciders.includes(null);
  const reason = isInert ? `${first.place} decides at the present values` : null;
  return {
    metric,
    assertions: gates,
    status: isInert ? 'inert' : 'read',
    decidedBy: isInert ? first : null,
    reason,
  };
}

const roleReasons: Readonly<Record<ReadAssertion['role'], string>> = {
  bound: 'it is compared for equality',
  any: 'one element that passes is enough, so it is no bound on one value',
  joint: 'it fails only together with another comparison',
  other: 'what it is compared with is no measured value',
  equality: 'it is compared for equality',
  unsure: 'whether it is compared depends on something that cannot be followed',
};

function unreachedReason(
  metric: MetricLiteral,
  {
    readings,
    reached,
    key,
  }: { readings: readonly FileReading[]; reached: readonly ReadAssertion[]; key: string },
): Pick<GateSource, 'status' | 'decidedBy' | 'reason' | 'assertions'> {
  const [other] = reached;
  if (other !== undefined) {
    return unread(`${roleReasons[other.role]}, at ${other.at}`);
  }
  const pinned = readings
    .flatMap(({ assertions }) => assertions)
    .filter((assertion) => replacedLiterals(assertion.rule).some((literal) => literalKey(literal) === key));
  const [pin] = pinned.filter(isGate);
  if (pin !== undefined) {
    const decidedBy = deciderOf(pin.rule, key);
    const reason = `${decidedBy?.place ?? 'another number'} takes its place before it is compared`;
    return { status: 'inert', decidedBy, reason, assertions: pinned.filter(isGate) };
  }
  const lost = readings.flatMap((reading) => reading.lost).find(({ literal }) => literalKey(literal) === key);
  if (lost !== undefined) {
    return unread(`${lost.reason}, at ${lost.at}`);
  }
  const own = readings.find(({ test }) => test === metric.test);
  if (own === undefined) {
    return unread(`${metric.test} was not read`);
  }
  const [gap] = own.notes;
  return gap === undefined
    ? { status: 'inert', decidedBy: null, reason: 'no assertion uses it', assertions: [] }
    : unread(`no assertion that was read uses it; ${gap.reason}, at ${gap.at}`);
}

function unread(reason: string): Pick<GateSource, 'status' | 'decidedBy' | 'reason' | 'assertions'> {
  return { status: 'unread', decidedBy: null, reason, assertions: [] };
}

/**
 * The gate at a value of its literal: what the suite would compare with if that number stood there.
 *
 * @param value null for the number that does
 */
export function gateAt(source: GateSource, value: number | null = null): Gate {
  const { metric, status, reason } = source;
  const { found } = metric;
  const values: Map<string, PythonNumber> = new Map();
  const key = literalKey({ file: metric.file, line: found?.line ?? 0, column: found?.column ?? 0 });
  if (value !== null) {
    values.set(key, { value, isInteger: Number.isInteger(value) && found?.isInteger === true });
  }
  const assertions = source.assertions.map((assertion) => assertionAt(assertion, key, values));
  const strictest = strictestOf(assertions);
  const decider = decidedAt(source, key, values);
  const isInert = status === 'read' || status === 'inert' ? decider !== null : false;
  const settled =
    status === 'read' && isInert
      ? 'inert'
      : status === 'inert' && decider === null && source.decidedBy !== null
        ? 'read'
        : status;
  const [first] = source.assertions;
  return {
    stage: metric.stage,
    metric: metric.metric,
    place: metric.place,
    file: metric.file,
    line: found?.line ?? null,
    literal: value ?? found?.value ?? null,
    status: settled,
    op: strictest?.op ?? null,
    threshold: strictest?.threshold ?? null,
    value_scale: first === undefined ? null : valueScale(first.value.steps),
    assertions,
    decided_by: decider !== null && Number.isFinite(decider.value) ? decider : null,
    reason:
      settled === 'inert' && decider !== null && status === 'read'
        ? `${decider.place} decides at this value`
        : settled === 'read'
          ? null
          : reason,
  };
}

function decidedAt(source: GateSource, key: string, values: LiteralValues): Decider | null {
  if (source.assertions.length === 0) {
    return source.decidedBy;
  }
  const deciders = source.assertions.map(({ rule, centre }) =>
    centre !== null && holdsLiteral(centre, key) ? null : deciderOf(rule, key, values),
  );
  return deciders.includes(null) ? null : (deciders[0] ?? null);
}

function assertionAt(assertion: ReadAssertion, key: string, values: LiteralValues): GateAssertion {
  const { operator, rule, centre, inclusive, value, at, calls, test, when } = assertion;
  const steps =
    centre !== null && holdsLiteral(centre, key) ? stepsOf(centre, key, values) : stepsOf(rule, key, values);
  return {
    op: operator === '==' || operator === '!=' ? 'within' : operator,
    threshold: finite(thresholdAt(rule, values)),
    centre: centre === null ? null : finite(thresholdAt(centre, values)),
    inclusive,
    steps,
    value: value.name,
    value_steps: value.steps,
    at,
    calls: calls.slice(0, 100),
    test,
    when,
  };
}

function finite(answer: ReturnType<typeof thresholdAt>): number | null {
  return answer.kind === 'number' && Number.isFinite(answer.value) ? answer.value : null;
}

/** The comparison that is hardest to pass among those of the first one's kind. */
function strictestOf(assertions: readonly GateAssertion[]): GateAssertion | null {
  let best: GateAssertion | null = null;
  for (const assertion of assertions) {
    if (best === null || best.threshold === null || isStricter(assertion, best, best.threshold)) {
      best = best === null || assertion.threshold !== null ? assertion : best;
    }
  }
  return best;
}

function isStricter(next: GateAssertion, best: GateAssertion, threshold: number): boolean {
  if (next.threshold === null || next.op[0] !== best.op[0]) {
    return false;
  }
  if (next.threshold === threshold) {
    return best.inclusive && !next.inclusive;
  }
  return next.op.startsWith('>') ? next.threshold > threshold : next.threshold < threshold;
}
