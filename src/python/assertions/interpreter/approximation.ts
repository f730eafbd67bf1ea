import type { Machine } from '../state/machine.ts';
import { asNumber } from './operators.ts';
import type { ApproximationValue, EitherValue, LazyValue, NumberValue, Value } from '../state/values.ts';

type Settled = Exclude<Value, EitherValue | LazyValue>;

/** Whether a value is within what `pytest.approx` allows. */
export function withinApproximation(
  machine: Machine,
  approximation: ApproximationValue,
  value: Settled,
  at: string,
): Value {
  return machine.map(approximation.centre, (centre) => {
    const width = centre.type === 'number' ? halfWidth(machine, approximation, centre) : null;
    if (centre.type !== 'number' || width === null || value.type !== 'unknown') {
      const about = value.type === 'unknown' ? value : null;
      return machine.condition(machine.formulas.atom({ kind: 'fact', text: `approx ${at}`, value: about }));
    }
    return machine.condition(
      machine.formulas.atom({ kind: 'within', value, centre, width, inclusive: true, at }),
    );
  });
}

/** pytest: the larger of `rel` × |centre| and `abs`; by default a millionth and 1e-12; `abs` alone leaves `rel` out. */
function halfWidth(
  machine: Machine,
  approximation: ApproximationValue,
  centre: NumberValue,
): NumberValue | null {
  const { at } = approximation;
  const given = (value: Value | null): NumberValue | null | undefined => {
    const resolved = value === null ? null : machine.resolve(value);
    if (resolved === null || resolved.type === 'none') {
      return undefined;
    }
    return asNumber(resolved);
  };
  const [relative, absolute] = [given(approximation.relative), given(approximation.absolute)];
  if (relative === null || absolute === null) {
    return null;
  }
  if (relative === undefined && absolute !== undefined) {
    return absolute;
  }
  const factor: NumberValue = relative ?? constant(1e-6);
  const size = machine.compute('abs', [centre], { at });
  const share = size === null ? null : machine.compute('mul', [factor, size], { at });
  return share === null ? null : machine.compute('max', [share, absolute ?? constant(1e-12)], { at });
}

function constant(value: number): NumberValue {
  return {
    type: 'number',
    value,
    isInteger: false,
    rule: { kind: 'number', value, isInteger: false },
    size: 1,
  };
}
