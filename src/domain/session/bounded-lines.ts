const MOST_LINES = 100;
const MOST_CHARACTERS = 300;

/**
 * Lines fit for a workflow's result and details: at most 100 of at most 300 characters, the last saying what is left
 * out.
 */
export function boundedLines(lines: readonly string[]): string[] {
  const short = lines.map((line) =>
    line.length > MOST_CHARACTERS ? `${line.slice(0, MOST_CHARACTERS - 1)}…` : line,
  );
  if (short.length <= MOST_LINES) return short;
  return [...short.slice(0, MOST_LINES - 1), `… and ${short.length - MOST_LINES + 1} more`];
}
