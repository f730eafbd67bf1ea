/**
 * Characters that make a text do something instead of saying something: control characters (C0 without line feed and tab,
 * DEL, C1), marks that turn the reading direction or are invisible, line ends that only some programs see, halves of
 * characters.
 */
const acting =
  '\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u061c\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff' +
  '\\ufff9-\\ufffb\\ud800-\\udfff\\u{e0000}-\\u{e007f}';
const inBlock = new RegExp(`[${acting}]`, 'gu');
const inLine = new RegExp(`[${acting}\\u0009\\u000a]`, 'gu');
const inTerminal = new RegExp(`\\u001b\\[[0-9;:]{0,64}m|\\r\\n?|[${acting}]`, 'gu');

/**
 * A foreign text as part of one line of a log, a table or a message: what acts is written as its code (`\x1b`, `\u202e`),
 * line ends and tabs too. A text that is harmless already stays as it is, so doing it twice changes nothing.
 */
export function harmlessLine(text: string): string {
  return text.replace(inLine, codeOf);
}

/** The same for a text of several lines. */
export function harmlessBlock(text: string): string {
  return text.replace(inBlock, codeOf);
}

/**
 * The same for a terminal, where colours (SGR sequences) may stay. A carriage return ends the line: it would let the rest
 * write over what stands there.
 */
export function harmlessForTerminal(text: string): string {
  return text.replace(inTerminal, (found) => {
    if (found.startsWith('\r')) return '\n';
    return found.length > 2 ? found : codeOf(found);
  });
}

/** JSON text in which what acts is escaped as JSON does it: it reads as the same document. */
export function harmlessJson(text: string): string {
  return text.replace(inBlock, (found) =>
    Array.from({ length: found.length }, (_, at) => `\\u${hex(found.charCodeAt(at), 4)}`).join(''),
  );
}

/**
 * Makes a stream of text harmless for a terminal, cut anywhere: the beginning of a colour or of a line end at the end of a
 * piece waits for the next.
 */
export class TerminalFilter {
  #held = '';

  push(piece: string): string {
    const text = this.#held + piece;
    // oxlint-disable-next-line no-control-regex -- the beginning of a colour
    const unfinished = /(?:\r|\u001b(?:\[[0-9;:]{0,64})?)$/u.exec(text);
    this.#held = unfinished?.[0] ?? '';
    return harmlessForTerminal(text.slice(0, text.length - this.#held.length));
  }

  /** What is left after the last piece. */
  end(): string {
    const rest = harmlessForTerminal(this.#held);
    this.#held = '';
    return rest;
  }
}

function codeOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (character === '\n') return '\\n';
  if (character === '\t') return '\\t';
  if (code <= 0xff) return `\\x${hex(code, 2)}`;
  return code <= 0xffff ? `\\u${hex(code, 4)}` : `\\u{${hex(code, 1)}}`;
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}
