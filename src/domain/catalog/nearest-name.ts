/** Edit distance with adjacent transpositions (optimal string alignment). */
function editDistance(left: string, right: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[row - 1] === right[column - 1];
      let best = Math.min(
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + (same ? 0 : 1),
      );
      const swapped = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      if (swapped && row > 1 && column > 1) {
        best = Math.min(best, (beforePrevious[column - 2] ?? 0) + 1);
      }
      current.push(best);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[right.length] ?? 0;
}

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
