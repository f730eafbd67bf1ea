/** List scheduling on equal lanes, the longest first: when the last one ends. */
export function listMakespan(seconds: readonly number[], lanes: number): number {
  const ends = Array.from({ length: lanes }, () => 0);
  for (const each of seconds.toSorted((a, b) => b - a)) {
    const earliest = ends.indexOf(Math.min(...ends));
    ends[earliest] = (ends[earliest] ?? 0) + each;
  }
  return Math.max(...ends);
}
