import { harmlessLine } from './harmless-text.ts';

/** Characters of a foreign name or reason that are shown, or travel through a history: enough to recognise it. */
export const shownCharacters = 200;

/**
 * Bytes of a name that stays whole because things are found by it (paths, test ids, keys): what Linux takes as a path.
 * A longer one is refused where it enters.
 */
export const longestIdentityBytes = 4096;

/**
 * A text of at most `most` characters: a longer one is cut, and then says how long it was and, by a short hash, which of
 * several with the same beginning it was. What is short enough stays as it is.
 */
export function cutText(text: string, most = shownCharacters): string {
  if (text.length <= most) return text;
  const tail = `… (${text.length} characters, ${hashOf(text)})`;
  return `${beginningOf(text, Math.max(0, most - tail.length))}${tail}`;
}

/** A foreign text as it is shown in a line: cut, and without anything that a terminal, a log or a reader could mistake. */
export function shown(text: string, most = shownCharacters): string {
  if (text.length <= most) return cutText(harmlessLine(text), most);
  return harmlessLine(cutText(text, most)).slice(0, 2 * most);
}

/** At most `most` entries of a list, each shown; the last one says how many are left out. */
export function shownList(texts: readonly string[], most: number): string[] {
  const rest = texts.length - most;
  const first = texts.slice(0, most).map((text) => shown(text));
  return rest > 0 ? [...first, `… and ${rest} more`] : first;
}

/** Without half of a character at its end. */
function beginningOf(text: string, length: number): string {
  const last = text.charCodeAt(length - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? length - 1 : length);
}

/** FNV-1a over UTF-16 units, 8 hex digits: tells texts apart for a reader, proves nothing. */
function hashOf(text: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
