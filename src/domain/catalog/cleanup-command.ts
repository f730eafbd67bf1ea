/** A clean-up of a dedicated host, as it is started: without a shell. */
export interface CleanupCommand {
  /** A program, resolved against the checkout when relative; null = only own processes are ended. */
  script: string | null;
  args: string[];
}

/**
 * The command that a host profile's `cleanup_script` means: a line that is split at its blanks, or a list of the program and
 * its arguments, which may hold any character.
 */
export function cleanupCommand(value: string | readonly string[] | undefined): CleanupCommand {
  const [script = null, ...args] = typeof value === 'string' ? value.trim().split(/\s+/) : (value ?? []);
  return { script, args };
}

/** What is wrong with a line that looks as if a shell would read it, as the phrase behind "valid:"; null for a plain one. */
export function cleanupCommandProblem(value: string | readonly string[] | undefined): string | null {
  if (typeof value !== 'string' || !/["'`$|&;<>\\*?]/.test(value)) return null;
  return 'a program and plain arguments (no shell reads the line); for any other character a list: [scripts/clean.sh, --name, "a b"]';
}
