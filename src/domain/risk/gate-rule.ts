import { gateAt, type GateSource } from '../gates/build-gates.ts';
import type { Gate, GateAssertion } from '../gates/gate.ts';
import type { Worst } from '../metrics/metric-kind.ts';
import { type GateRule, literalRule, type RiskGate, type RiskGateAnswer } from './risk-gate.ts';

/**
 * The gate of a metric as a function of its literal, in the metric's native unit: the strictest of the comparisons that
 * were read. Where none was, the literal is the gate.
 */
export function gateRuleOf(source: GateSource, worst: Worst): GateRule {
  const { status, reason } = source;
  if (status === 'unread') return literalRule(worst, reason ?? 'no assertion was read');
  return {
    rule: status === 'declared' ? 'declared' : 'read',
    at: (literal) => {
      const gate = gateAt(source, literal);
      if (gate.status === 'inactive') return unknown(gate.reason ?? 'the gate is off');
      if (gate.assertions.length === 0) return unknown(gate.reason ?? 'no assertion uses the literal');
      return strictest(gate, worst);
    },
  };
}

function strictest(gate: Gate, worst: Worst): RiskGateAnswer {
  let found: RiskGate | null = null;
  let problem = `no assertion bounds the metric ${worst === 'min' ? 'from below' : 'from above'}`;
  for (const assertion of gate.assertions) {
    const bound = boundOf(assertion, worst);
    if (typeof bound === 'string') problem = bound;
    else if (bound !== null && (found === null || isStricter(bound, found, worst))) found = bound;
  }
  const { decided_by: decider } = gate;
  const note = decider === null ? null : `${decider.place} decides, not the literal`;
  return found === null ? unknown(problem) : { kind: 'gate', gate: found, note };
}

function isStricter(next: RiskGate, best: RiskGate, worst: Worst): boolean {
  if (next.threshold === best.threshold) return best.inclusive && !next.inclusive;
  return worst === 'min' ? next.threshold > best.threshold : next.threshold < best.threshold;
}

/** Null for a comparison that fails on the metric's good side; a text where its numbers are not certain. */
function boundOf(assertion: GateAssertion, worst: Worst): RiskGate | string | null {
  const { op, threshold, centre, inclusive, at } = assertion;
  const line = lineOf(assertion.value_steps);
  if (line === null) return `the value that is compared at ${at} is no multiple of the metric`;
  if (threshold === null) return `the compared number at ${at} is not certain for this literal`;
  const native = (compared: number): number => (compared - line.offset) / line.factor;
  if (op === 'within') {
    if (centre === null) return `the centre at ${at} is not certain for this literal`;
    const sides = [native(centre - threshold), native(centre + threshold)].sort((a, b) => a - b);
    const [low = 0, high = 0] = sides;
    return worst === 'min'
      ? { op, threshold: low, otherSide: high, inclusive }
      : { op, threshold: high, otherSide: low, inclusive };
  }
  const turned = line.factor > 0 ? op : turn[op];
  const boundsBelow = turned.startsWith('>');
  if (boundsBelow !== (worst === 'min')) return null;
  return { op: turned, threshold: native(threshold), otherSide: null, inclusive };
}

const turn = { '>': '<', '>=': '<=', '<': '>', '<=': '>=' } as const;

/** The compared value as `factor` · metric + `offset`; null where the steps are no straight line. */
function lineOf(steps: GateAssertion['value_steps']): { factor: number; offset: number } | null {
  let [factor, offset] = [1, 0];
  for (const { kind, by } of steps) {
    if (kind === 'float' || kind === 'round') continue;
    if (kind === 'neg') [factor, offset] = [-factor, -offset];
    else if (by === null) return null;
    else if (kind === 'mul') [factor, offset] = [factor * by, offset * by];
    else if (kind === 'div' && by !== 0) [factor, offset] = [factor / by, offset / by];
    else if (kind === 'add') offset += by;
    else if (kind === 'sub') offset -= by;
    else if (kind === 'rsub') [factor, offset] = [-factor, by - offset];
    else return null;
  }
  return factor === 0 ? null : { factor, offset };
}

function unknown(reason: string): RiskGateAnswer {
  return { kind: 'unknown', reason };
}
