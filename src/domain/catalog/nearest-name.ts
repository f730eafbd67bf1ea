import { editDistance } from './edit-distance.ts';

/**
 * The known name that somebody who typed `wanted` most likely meant: a small number of slips, or a name that
 * begins with what was typed.
 *
 * @returns null when nothing is near; among equals, the first of `known`
 */
export function nearestName(wanted: string, known: readonly string[]): string | null {
  const lowered = wanted.toLowerCase();
  let best: { name: string; distance: number } | null = null;
  for (const name of known) {
    const distance = editDistance(lowered, name.toLowerCase());
    if (best === null || distance < best.distance) {
      best = { name, distance };
    }
  }
  // A third of the word may be wrong, but always one slip and never more than four.
  const tolerated = Math.max(1, Math.min(4, Math.floor(wanted.length / 3)));
  if (best !== null && best.distance <= tolerated) {
    return best.name;
  }
  const longEnough = lowered.length >= 3;
  return (longEnough ? known.find((name) => name.toLowerCase().startsWith(lowered)) : undefined) ?? null;
}
