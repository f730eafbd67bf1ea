/** `YYYY-MM-DDTHH:MM:SSZ`, the one time format of every artifact (spec 05 §4). */
export function utcTimestamp(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

/** `YYYYMMDDTHHMMSSZ`, the time part of a run directory's name (spec 05 §2). */
export function compactUtcTimestamp(date: Date): string {
  return utcTimestamp(date).replaceAll(/[-:]/g, '');
}
