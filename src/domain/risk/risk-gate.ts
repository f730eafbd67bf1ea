import type { GateOperator } from '../gates/reading.ts';
import type { Worst } from '../metrics/metric-kind.ts';

/** What CI compares a metric with at one value of its literal, in the metric's native unit. */
export interface RiskGate {
  op: GateOperator;
  /** The bound; for `within`, the bound on the side on which the metric is worse. */
  threshold: number;
  /** For `within`: the bound on the other side. */
  otherSide: number | null;
  /** Whether a tie passes. */
  inclusive: boolean;
}

export type RiskGateAnswer =
  | { kind: 'gate'; gate: RiskGate; note: string | null }
  | { kind: 'unknown'; reason: string };

/** How the gate of a metric follows from its literal. `literal`: no rule was read, so the literal counts as the gate. */
export type RiskRule = 'read' | 'declared' | 'literal';

export interface GateRule {
  rule: RiskRule;
  at(literal: number): RiskGateAnswer;
}

/** The rule of a metric whose assertion was not read: the literal is the gate, and a tie passes. */
export function literalRule(worst: Worst, reason: string): GateRule {
  return {
    rule: 'literal',
    at: (threshold) => ({
      kind: 'gate',
      gate: { op: worst === 'min' ? '>=' : '<=', threshold, otherSide: null, inclusive: true },
      note: `taken to be the literal itself: ${reason}`,
    }),
  };
}

/** Whether CI fails at a value, in the metric's native unit. */
export function failsGate(value: number, gate: RiskGate, worst: Worst): boolean {
  const { threshold, otherSide, inclusive } = gate;
  const isBeyond = (bound: number, below: boolean): boolean =>
    (!inclusive && value === bound) || (below ? value < bound : value > bound);
  const failsLow = worst === 'min';
  return isBeyond(threshold, failsLow) || (otherSide !== null && isBeyond(otherSide, !failsLow));
}
