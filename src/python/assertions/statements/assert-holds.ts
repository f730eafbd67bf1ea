import type { Formula } from '../state/formula.ts';
import type { Machine } from '../state/machine.ts';

/** A failure of the test where a condition does not hold. */
export function assertHolds(
  machine: Machine,
  { formula, decisions }: { formula: Formula; decisions: Machine['decisions'] },
  at: string,
): void {
  if (formula.kind === 'true') {
    return;
  }
  const before = machine.decisions;
  machine.decisions = decisions.length === 0 ? before : [...before, ...decisions];
  const raise = (): void =>
    machine.raise(['AssertionError', 'Exception'], { type: 'external', name: 'AssertionError' }, at);
  if (formula.kind === 'false') {
    raise();
  } else {
    machine.under(machine.formulas.not(formula), raise);
  }
  machine.decisions = before;
}
