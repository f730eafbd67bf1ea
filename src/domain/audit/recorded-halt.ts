/** Why a session stopped launching; of a halt what is known about it, each by itself and absent where it is not. */
export interface HaltFact {
  /** In one line. */
  text: string;
  /** Key of the model's config that says where the value is read. */
  config_key?: string;
  /** What is there instead of what was looked for. */
  found?: string;
  /** Tests that were skipped, with pytest's reasons. */
  skipped?: string[];
  /** The last lines of the launch's log, where nothing was measured. */
  log_tail?: string[];
  /** What to do, in order: commands, or a sentence where none helps. */
  steps?: string[];
}

type KnownOfHalt = { readonly [key in keyof Omit<HaltFact, 'text'>]?: HaltFact[key] | undefined };

/** The facts of a halt without what else its cause holds. */
export function haltFacts({
  config_key,
  found,
  skipped,
  log_tail,
  steps,
}: KnownOfHalt): Omit<HaltFact, 'text'> {
  return {
    ...(config_key === undefined ? {} : { config_key }),
    ...(found === undefined ? {} : { found }),
    ...(skipped === undefined ? {} : { skipped }),
    ...(log_tail === undefined ? {} : { log_tail }),
    ...(steps === undefined ? {} : { steps }),
  };
}

/**
 * Why a session stopped launching, as its `run.log` tells; null when it did not, or went on or ended since.
 *
 * MAINTENANCE: the lines that `RepeatRunner`, `SessionContext.block`, `CalibrationStep` and `Session` log in
 * `workflows/`, and those of `haltDetailLines`.
 *
 * @param runLog the file's text, or its end
 */
export function recordedHalt(runLog: string): HaltFact | null {
  const lines = runLog.split('\n').map((line) => line.replace(/^\S+ /, ''));
  for (const [back, line] of lines.toReversed().entries()) {
    const [, kind, text] = /^(HALT|BLOCKED): (.*)$/.exec(line) ?? [];
    if (kind !== undefined && text !== undefined) {
      return { text: `${kind}: ${text}`, ...detailsIn(lines.slice(lines.length - back)) };
    }
    if (/^(resumed\b|session (completed|aborted|failed): )/.test(line)) return null;
  }
  return null;
}

/** What the indented lines right behind a halt's line say. */
function detailsIn(lines: readonly string[]): Omit<HaltFact, 'text'> {
  const end = lines.findIndex((line) => !line.startsWith('  '));
  const own = end === -1 ? lines : lines.slice(0, end);
  const all = (pattern: RegExp) => {
    const found = own.flatMap((line) => pattern.exec(line)?.[1] ?? []);
    return found.length === 0 ? undefined : found;
  };
  return haltFacts({
    config_key: all(/^ {2}config key: (.*)$/)?.[0],
    found: all(/^ {2}(found instead: .*)$/)?.[0],
    skipped: all(/^ {2}skipped: (.*)$/),
    log_tail: all(/^ {4}\| (.*)$/),
    steps: all(/^ {2}\d+\. (.*)$/),
  });
}
