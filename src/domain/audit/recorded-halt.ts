/**
 * Why a session stopped launching, as its `run.log` tells; null when it did not, or went on or ended since.
 *
 * MAINTENANCE: the lines that `RepeatRunner`, `SessionContext.block`, `CalibrationStep` and `Session` log in `workflows/`.
 *
 * @param runLog the file's text, or its end
 */
export function recordedHalt(runLog: string): { text: string } | null {
  for (const line of runLog.split('\n').toReversed()) {
    const [, kind, text] = /^\S+ (HALT|BLOCKED): (.*)$/.exec(line) ?? [];
    if (kind !== undefined && text !== undefined) return { text: `${kind}: ${text}` };
    if (/^\S+ (resumed\b|session (completed|aborted|failed): )/.test(line)) return null;
  }
  return null;
}
