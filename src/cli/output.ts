import picocolors from 'picocolors';

/** Prints a line (or several) of the answer: the only thing that goes to stdout (spec 08). */
export function answer(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Prints the one JSON document of a `--json` answer: two-space indented, or as one line for readers of streams. */
export function answerJson(value: unknown, layout: 'document' | 'line' = 'document'): void {
  answer(JSON.stringify(value, null, layout === 'document' ? 2 : 0));
}

/** Prints a diagnostic line to stderr. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Prints a warning to stderr. */
export function warn(text: string): void {
  note(`${colours(process.stderr).yellow('warning:')} ${text}`);
}

/** A stream's colour functions: identities unless it is a terminal and `NO_COLOR` is unset or empty (spec 08). */
export function colours(stream: { isTTY?: boolean }): ReturnType<typeof picocolors.createColors> {
  return picocolors.createColors(stream.isTTY === true && !process.env['NO_COLOR']);
}
