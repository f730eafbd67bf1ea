/**
 * Lines fit for a workflow's result, details and state: at most 100 of at most 300 characters where nothing else is said,
 * the last saying what is left out.
 */
export function boundedLines(
  lines: readonly string[],
  { mostLines = 100, mostCharacters = 300 }: { mostLines?: number; mostCharacters?: number } = {},
): string[] {
  const short = lines.map((line) =>
    line.length > mostCharacters ? `${line.slice(0, mostCharacters - 1)}…` : line,
  );
  if (short.length <= mostLines) return short;
  return [...short.slice(0, mostLines - 1), `… and ${short.length - mostLines + 1} more`];
}
