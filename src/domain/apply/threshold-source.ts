/** How a threshold is spelled in `stages.yaml` (spec 06 §8). */
export type ThresholdSource =
  | { kind: 'bare'; symbol: string; subkey: null }
  | { kind: 'nested'; symbol: string; subkey: string }
  /** Neither spelling; `symbol` is the whole text and nothing is edited. */
  | { kind: 'unknown'; symbol: string; subkey: null };

const bare = /^_?[A-Z][A-Z0-9_]*$/;
const nested = /^(_?[A-Z][A-Z0-9_]*)\[\s*['"]([A-Za-z_][A-Za-z0-9_]*)['"]\s*\]$/;

/** Reads a `source` field: `X_MIN_ACCURACY`, or `_X_P95['throughput_qps']` (spec 06 §8). */
export function parseThresholdSource(source: string): ThresholdSource {
  if (bare.test(source)) {
    return { kind: 'bare', symbol: source, subkey: null };
  }
  const [, symbol, subkey] = nested.exec(source) ?? [];
  return symbol === undefined || subkey === undefined
    ? { kind: 'unknown', symbol: source, subkey: null }
    : { kind: 'nested', symbol, subkey };
}
