import { keyStep } from '../../src/domain/places/place.ts';
import type { LiteralTarget } from '../../src/python/locate-literal.ts';

/** A constant, or the key of a table of tables whose level the concurrency chooses. */
export function literalTarget(target: {
  symbol: string;
  subkey: string | null;
  concurrency: number | null;
}): LiteralTarget {
  const { symbol, subkey, concurrency } = target;
  const steps = subkey === null ? [] : [keyStep(subkey)];
  return { place: { file: null, root: { kind: 'name', name: symbol }, steps }, concurrency };
}
