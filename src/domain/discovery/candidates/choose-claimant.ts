import type { Candidate } from './candidate.ts';

/** Which of the literals that claim one metric of one stage is calibrated. */
export interface ChosenClaimant {
  chosen: Candidate;
  /** Those that lost to it by their role. */
  passedOver: Candidate[];
  /** Others of the same role: only a person can say which one is meant. */
  tied: Candidate[];
}

/**
 * A reference outranks what is derived from it or bounds it: `_REF`, then `_REFERENCE`, then any other, and last a constant
 * that the module hands to `min()` or `max()`, which caps the computed threshold. Of equal ones the last is given, and the
 * others are named as tied.
 *
 * @returns null without claimants
 */
export function chooseClaimant(claimants: readonly Candidate[]): ChosenClaimant | null {
  const best = Math.min(...claimants.map(rankOf));
  const equal = claimants.filter((candidate) => rankOf(candidate) === best);
  const chosen = equal.at(-1);
  if (chosen === undefined) return null;
  return {
    chosen,
    passedOver: claimants.filter((candidate) => rankOf(candidate) !== best),
    tied: equal.filter((candidate) => candidate !== chosen),
  };
}

const unit = '(?:_S|_MS|_PERCENT)?$';
const reference = new RegExp(`_REF${unit}`);
const longReference = new RegExp(`_REFERENCE${unit}`);

function rankOf({ name, key, isCap }: Candidate): number {
  if (key === null && reference.test(name)) return 0;
  if (key === null && longReference.test(name)) return 1;
  return isCap === true ? 3 : 2;
}
