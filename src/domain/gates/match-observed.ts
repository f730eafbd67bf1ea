import type { Worst } from '../metrics/metric-kind.ts';
import type { Gate, GateAssertion } from './gate.ts';
import type { GateObservation, ObservedComparison, ObservedDocument } from './observed.ts';

/** What values are multiplied by before they are compared: per cent, thousandths. */
const scales = [1, 100, 1000, 1 / 100, 1 / 1000] as const;
const turned = { '<': '>', '<=': '>=', '>': '<', '>=': '<=' } as const;
const negated = { '<': '>=', '<=': '>', '>': '<=', '>=': '<' } as const;

type Bound = keyof typeof turned;

/** A comparison with the metric's value on its left. */
interface Candidate {
  op: Bound | 'within';
  threshold: number;
  scale: number;
  at: string;
  test: string | null;
  centre: number | null;
}

/**
 * Holds a gate that was read, or not, against what the observer of a smoke saw.
 *
 * @param worst on which side the metric is worse
 * @returns null where the smoke measured no value of the metric
 */
export function matchObserved(gate: Gate, document: ObservedDocument, worst: Worst): GateObservation | null {
  const measured = document.metrics[`${gate.stage}.${gate.metric}`];
  if (measured === undefined) return null;
  const candidates = candidatesOf(document.comparisons, measured, worst);
  return gate.status === 'read' || gate.status === 'declared' || gate.assertions.length > 0
    ? against(gate, document, candidates)
    : alone(gate, candidates);
}

/** The gate with what was observed; one that was not read but observed gets that status and its assertion. */
export function withObserved(gate: Gate, observed: GateObservation | null): Gate {
  if (observed === null) return gate;
  const { agreement, op, threshold, value_scale: scale, at, test, note } = observed;
  if (agreement !== 'observed_only' || op === null || threshold === null) return { ...gate, observed };
  const place = at ?? '';
  const assertion: GateAssertion = {
    op,
    threshold,
    centre: op === 'within' ? gate.literal : null,
    inclusive: op.endsWith('=') || op === 'within',
    steps: [],
    value: 'observed',
    value_steps: scale === null || scale === 1 ? [] : [{ kind: 'mul', by: scale, at: place }],
    at: place,
    calls: [],
    test: test ?? '',
    when: [],
  };
  return {
    ...gate,
    status: 'observed',
    op,
    threshold,
    value_scale: scale,
    assertions: [assertion],
    reason: note,
    observed,
  };
}

/**
 * The gate at another value of its literal. Of one that was only observed it is not known how the threshold follows: it
 * is taken to be the same factor of the literal.
 *
 * @param base the gate at its present literal, with what was observed
 * @param at the gate at the other value, as read
 */
export function observedGateAt(base: Gate, at: Gate): Gate {
  const { observed, literal, threshold } = base;
  if (observed === undefined) return at;
  const [assertion] = base.assertions;
  const isMovable = base.status === 'observed' && assertion !== undefined;
  if (!isMovable || literal === null || literal === 0 || threshold === null || at.literal === null) {
    return { ...at, observed };
  }
  const isCentre = base.op === 'within';
  const moved = isCentre ? threshold : (threshold / literal) * at.literal;
  const centre = isCentre ? at.literal : null;
  return {
    ...base,
    literal: at.literal,
    threshold: moved,
    assertions: [{ ...assertion, threshold: moved, centre }],
  };
}

function candidatesOf(
  comparisons: readonly ObservedComparison[],
  measured: number,
  worst: Worst,
): Candidate[] {
  const found = new Map<string, Candidate>();
  for (const comparison of comparisons) {
    const candidate = candidateOf(comparison, measured, worst);
    if (candidate !== null) {
      found.set(JSON.stringify([candidate.op, candidate.threshold, candidate.at]), candidate);
    }
  }
  return [...found.values()];
}

function candidateOf(comparison: ObservedComparison, measured: number, worst: Worst): Candidate | null {
  const { op, left, right, holds, width, file, line, test } = comparison;
  const onLeft = scaleBetween(measured, left);
  const scale = onLeft ?? scaleBetween(measured, right);
  if (scale === null || op === '==' || op === '!=') return null;
  const place = { scale, at: `${file}:${line}`, test: test ?? null };
  const other = onLeft === null ? left : right;
  if (op === 'approx') {
    return typeof width === 'number' ? { ...place, op: 'within', threshold: width, centre: other } : null;
  }
  const written = onLeft === null ? turned[op] : op;
  // `if value < bound: fail` asks for the opposite of what it compares: the side on which the metric is worse tells.
  const isBelow = written.startsWith('>');
  const required = holds || isBelow === (worst === 'min') ? written : negated[written];
  return { ...place, op: required, threshold: other, centre: null };
}

/** The factor by which a compared number is the measured one, to the precision that it was rounded to; null for none. */
function scaleBetween(measured: number, compared: number): number | null {
  if (measured === 0 || compared === 0) return measured === compared ? 1 : null;
  for (const scale of scales) {
    const value = measured * scale;
    if (Math.abs(compared - value) <= Math.abs(value) * 1e-9 || isRounded(compared, value)) return scale;
  }
  return null;
}

/** At least three digits have to agree, else every small number would be one. */
function isRounded(compared: number, value: number): boolean {
  const [digits = '', exponent = '0'] = Math.abs(compared).toExponential().split('e');
  const places = digits.replace('.', '').length;
  const unit = 10 ** (Number(exponent) - places + 1);
  return places >= 3 && Math.abs(compared - value) <= unit / 2;
}

function isEqual(left: number | null, right: number): boolean {
  return left !== null && Math.abs(left - right) <= Math.max(Math.abs(left), Math.abs(right)) * 1e-9;
}

/** A gate that was read: the same threshold, another one at the same line, or nothing. */
function against(gate: Gate, document: ObservedDocument, candidates: readonly Candidate[]): GateObservation {
  const agreed = gate.assertions.flatMap((assertion) =>
    candidates.filter(({ threshold }) => isEqual(assertion.threshold, threshold)),
  );
  const [same] = agreed;
  if (same !== undefined) return observationOf('agree', same, null);
  if (gate.assertions.some((assertion) => wasCompared(assertion, document))) {
    return { ...nothing, agreement: 'agree', at: gate.assertions[0]?.at ?? null };
  }
  const lines = new Set(gate.assertions.map(({ at }) => at));
  const [other] = candidates.filter(({ at }) => lines.has(at));
  if (other === undefined) return { ...nothing, agreement: 'read_only' };
  const note = `the reader finds ${gate.op ?? '?'} ${gate.threshold ?? '?'}, but ${other.op} ${other.threshold} was compared at ${other.at}`;
  return observationOf('differ', other, note);
}

/** Whether a launch compared with an assertion's threshold at its line, whatever the value was. */
export function wasCompared(assertion: GateAssertion, { comparisons }: ObservedDocument): boolean {
  return comparisons.some(
    ({ file, line, left, right, width }) =>
      `${file}:${line}` === assertion.at &&
      (isEqual(assertion.threshold, right) ||
        isEqual(assertion.threshold, left) ||
        (typeof width === 'number' && isEqual(assertion.threshold, width))),
  );
}

/** A gate that could not be read: the one comparison of its value, or the one with its very literal. */
function alone(gate: Gate, candidates: readonly Candidate[]): GateObservation | null {
  const [first] = candidates;
  if (first === undefined) return null;
  const { literal } = gate;
  const near = literal === null ? [] : candidates.filter((one) => isOfLiteral(one, literal));
  const chosen =
    near.length === 1 ? near[0] : candidates.length === 1 && near.length === 0 ? first : undefined;
  if (chosen === undefined || literal === null || literal === 0) return null;
  const factor = chosen.op === 'within' ? 1 : chosen.threshold / literal;
  const note = isEqual(1, factor)
    ? 'observed in a smoke launch, not read: the literal is taken to be the threshold'
    : `observed in a smoke launch, not read: the threshold is taken to be ${Number(factor.toPrecision(12))} × the literal`;
  return observationOf('observed_only', chosen, note);
}

function isOfLiteral({ threshold, centre }: Candidate, literal: number): boolean {
  return isEqual(literal, threshold) || (centre !== null && isEqual(literal, centre));
}

const nothing: Omit<GateObservation, 'agreement'> = {
  op: null,
  threshold: null,
  value_scale: null,
  at: null,
  test: null,
  note: null,
};

function observationOf(
  agreement: GateObservation['agreement'],
  { op, threshold, scale, at, test }: Candidate,
  note: string | null,
): GateObservation {
  return { agreement, op, threshold, value_scale: scale, at, test, note };
}
