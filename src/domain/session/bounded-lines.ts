const mostLines = 100;
const mostCharacters = 300;

/**
 * Lines fit for a workflow's result and details: at most 100 of at most 300 characters, the last saying what is left
 * out.
 */
export function boundedLines(lines: readonly string[]): string[] {
  const short = lines.map((line) =>
    line.length > mostCharacters ? `${line.slice(0, mostCharacters - 1)}…` : line,
  );
  if (short.length <= mostLines) return short;
  return [...short.slice(0, mostLines - 1), `… and ${short.length - mostLines + 1} more`];
}
