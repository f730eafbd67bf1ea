import { harmlessLine } from './harmless-text.ts';

/** Characters of a foreign name or reason that are shown, or travel through a history: enough to recognise it. */
export const shownCharacters = 200;

/**
 * Bytes of a name that stays whole because things are found by it (paths, test ids, keys): what Linux takes as a path.
 * A longer one is refused where it enters.
 */
export const longestIdentityBytes = 4096;

/** Bytes of a text in UTF-8, counted: neither a workflow nor a pure rule has buffers. */
export function utf8Bytes(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 0x80) continue;
    // Both halves of a pair make four bytes, two each.
    bytes += code < 0x800 || (code >= 0xd800 && code <= 0xdfff) ? 1 : 2;
  }
  return bytes;
}

/** Whether a name may stay whole; what is longer is refused with `identityPhrase`. */
export function isIdentity(text: string): boolean {
  return utf8Bytes(text) <= longestIdentityBytes;
}

/** What a name must be, as a phrase behind its key. */
export const identityPhrase = `a name or path of at most ${longestIdentityBytes} bytes`;

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
