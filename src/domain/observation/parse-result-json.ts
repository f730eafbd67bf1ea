import { editDistance } from '../catalog/names.ts';
import { messageOf } from '../text.ts';

/** Names shown as "nearest": enough to recognise a renamed key, few enough for one line. */
const mostShown = 5;

/** Names compared at most; a document may hold a key per sample. */
const mostCompared = 500;

/**
 * The existing names most like the wanted one, best first, at most five. All of them count as candidates, even unlike
 * ones: for somebody who fixes `stages.yaml` the list of what *is* there is the answer.
 */
export function nearestNames(wanted: string, existing: readonly string[]): string[] {
  return existing
    .slice(0, mostCompared)
    .map((name, index) => ({ name, index, distance: unlikeness(wanted, name) }))
    .sort((a, b) => a.distance - b.distance || a.index - b.index)
    .slice(0, mostShown)
    .map(({ name }) => name);
}

/** Edit distance, quartered where one name contains the other (`corpus_wer` and `wer` are kin). */
function unlikeness(wanted: string, name: string): number {
  const a = wanted.toLowerCase();
  const b = name.slice(0, 200).toLowerCase();
  const distance = editDistance(a, b);
  return a.includes(b) || b.includes(a) ? distance / 4 : distance;
}

/** A parsed result document; NaN and Infinity arrive as the JavaScript numbers they are. */
export type ParsedResult = { ok: true; value: unknown } | { ok: false; reason: string };

/** Bare words that Python's `json` writes although JSON has no such values. */
const nonFinite = ['NaN', '-Infinity', 'Infinity'] as const;
const firstCodes = new Set(nonFinite.map((word) => word.charCodeAt(0)));
const quote = 0x22;

/**
 * Parses JSON as Python writes it: `NaN`, `Infinity` and `-Infinity` are read as numbers, so that the one bad metric
 * can be named instead of losing the whole file. Everything else must be strict JSON.
 */
export function parseResultJson(text: string): ParsedResult {
  const body = text.startsWith('\uFEFF') ? text.slice(1) : text;
  if (body.trim() === '') return { ok: false, reason: 'the file is empty' };
  const strict = attempt(() => JSON.parse(body) as unknown);
  if (strict.ok) return strict;
  const sentinel = unusedSentinel(body);
  const replaced = replaceNonFinite(body, sentinel);
  if (replaced === body) return { ok: false, reason: describe(strict.error, body) };
  const tolerant = attempt(() => reviveNonFinite(JSON.parse(replaced) as unknown, sentinel));
  if (tolerant.ok) return tolerant;
  // Positions in the replaced text mean nothing to a reader, but where it breaks off is where the original does.
  const truncated = breaksOff(tolerant.error, replaced);
  return { ok: false, reason: truncated ? truncationReason(body) : 'it is not JSON' };
}

function attempt(parse: () => unknown): { ok: true; value: unknown } | { ok: false; error: string } {
  try {
    return { ok: true, value: parse() };
  } catch (error) {
    return { ok: false, error: messageOf(error) };
  }
}

function unusedSentinel(text: string): string {
  let sentinel = 'calib:';
  while (text.includes(sentinel)) sentinel += ':';
  return sentinel;
}

/** Quotes bare non-finite words outside of strings, marked so that no string of the document can be mistaken for one. */
function replaceNonFinite(text: string, sentinel: string): string {
  const parts: string[] = [];
  let copied = 0;
  let at = 0;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === quote) {
      at = endOfString(text, at);
      continue;
    }
    const word = firstCodes.has(code) ? nonFinite.find((word) => text.startsWith(word, at)) : undefined;
    if (word === undefined) {
      at += 1;
      continue;
    }
    parts.push(text.slice(copied, at), `"${sentinel}${word}"`);
    at += word.length;
    copied = at;
  }
  parts.push(text.slice(copied));
  return parts.join('');
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

/** Puts the numbers where their words were marked. In place, and without the stack: a document may be large or deep. */
function reviveNonFinite(document: unknown, sentinel: string): unknown {
  const revived = (value: unknown) =>
    typeof value === 'string' && value.startsWith(sentinel) ? Number(value.slice(sentinel.length)) : value;
  const open: object[] = [];
  const visit = (value: unknown) => {
    if (typeof value === 'object' && value !== null) open.push(value);
  };
  visit(document);
  for (let parent = open.pop(); parent !== undefined; parent = open.pop()) {
    for (const [key, value] of Object.entries(parent)) {
      if (typeof value === 'string' && value.startsWith(sentinel)) Reflect.set(parent, key, revived(value));
      else visit(value);
    }
  }
  return revived(document);
}

function describe(message: string, text: string): string {
  if (breaksOff(message, text)) return truncationReason(text);
  const position = positionIn(message);
  return position === null ? 'it is not JSON' : `it is not JSON at character ${position}`;
}

function breaksOff(message: string, text: string): boolean {
  const position = positionIn(message);
  if (position !== null && position >= text.trimEnd().length) return true;
  return /unexpected end|unterminated/i.test(message);
}

function positionIn(message: string): number | null {
  const [, position] = /position (\d+)/.exec(message) ?? [];
  return position === undefined ? null : Number(position);
}

function truncationReason(text: string): string {
  return `it breaks off after ${text.length} characters (truncated?)`;
}
