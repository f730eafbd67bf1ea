/** ✓ complete, △ partial, ✗ unusable, — not run (spec 06 §2). */
export type StrictSymbol = '✓' | '△' | '✗' | '—';

/** Strict classification of one stage × repeat; every non-✓ cell carries a reason. */
export interface StrictCell {
  symbol: StrictSymbol;
  reason: string;
}
