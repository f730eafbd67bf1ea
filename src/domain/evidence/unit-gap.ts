const gaps = [100, 1000, 1 / 100, 1 / 1000] as const;

/** How far from such a factor two numbers may be and still look like the same quantity in two units. */
const tolerance = 0.3;

/**
 * The factor between two numbers where it is about 100, 1000 or the reciprocal of one: per cent against fractions,
 * milliseconds against seconds. Null for any other, and where one of them is 0.
 */
export function unitGap(value: number, reference: number): number | null {
  const ratio = value / reference;
  if (!Number.isFinite(ratio)) return null;
  return gaps.find((gap) => Math.abs(ratio / gap - 1) <= tolerance) ?? null;
}

/** `about 100 times`, `about 1/1000 of`. */
export function describeUnitGap(gap: number): string {
  return gap >= 1 ? `about ${gap} times` : `about 1/${Math.round(1 / gap)} of`;
}
