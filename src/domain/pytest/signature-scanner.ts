import type { Signature } from './signatures.ts';

export interface SignatureMatch {
  name: string;
  class: Signature['class'];
  /** Position in the stream of the first byte of the line that completed the match. */
  offset: number;
}

const newline = '\n';

/** Progress bars end their lines with a carriage return alone: without this a run of hours may be one line. */
const foldLines = (piece: string) => piece.toLowerCase().replaceAll('\r', newline);

/**
 * Finds the first line for each of a set of signatures in a stream of text that arrives in arbitrary pieces, holding
 * no more than a pattern's length of it. How the stream is cut does not change what is found.
 *
 * Text is one character per byte (latin-1): patterns are ASCII, so the real encoding, broken or not, does not matter.
 */
export class SignatureScanner {
  readonly #pending: Signature[];
  readonly #patterns: string[];
  /** For each signature still looked for: patterns without one of which it cannot match. */
  #triggers: string[] = [];
  readonly #longest: number;
  #lineStart = 0;
  #offset = 0;
  /** End of the unfinished line: just short of the longest pattern. */
  #carry = '';
  /** Patterns that stand in the unfinished line. */
  #inLine = new Set<string>();

  constructor(signatures: readonly Signature[]) {
    this.#pending = [...signatures];
    this.#patterns = [...new Set(signatures.flatMap((s) => [...s.all, ...(s.any ?? [])]))];
    this.#triggers = triggersOf(this.#pending);
    this.#longest = Math.max(1, ...this.#patterns.map((pattern) => pattern.length));
  }

  /** Takes the next piece; gives the signatures that it completed, in order of their lines. */
  push(piece: string): SignatureMatch[] {
    const text = foldLines(piece);
    const found: SignatureMatch[] = [];
    if (this.#isDull(text)) {
      this.#skip(text);
      return found;
    }
    let start = 0;
    for (;;) {
      const end = text.indexOf(newline, start);
      const segment = end < 0 ? text.slice(start) : text.slice(start, end);
      this.#readSegment(segment, found);
      if (end < 0) break;
      this.#offset += 1;
      this.#beginLine();
      start = end + 1;
    }
    return found;
  }

  /**
   * Whether no line that this piece touches can complete a signature, and its last, unfinished line has no part of one
   * either: nearly every piece of a log, told by a few searches of the whole piece.
   */
  #isDull(text: string): boolean {
    if (this.#inLine.size > 0) return false;
    const all = this.#carry + text;
    if (this.#triggers.some((pattern) => all.includes(pattern))) return false;
    const unfinished = all.slice(all.lastIndexOf(newline) + 1);
    return !this.#patterns.some((pattern) => unfinished.includes(pattern));
  }

  /** Nothing of interest in this piece: only its last, unfinished line matters. */
  #skip(text: string): void {
    const lastEnd = text.lastIndexOf(newline);
    this.#offset += text.length;
    if (lastEnd >= 0) {
      this.#lineStart = this.#offset - (text.length - lastEnd - 1);
      this.#carry = '';
    }
    this.#keepCarry(this.#carry + text.slice(lastEnd + 1));
  }

  #readSegment(segment: string, found: SignatureMatch[]): void {
    const text = this.#carry + segment;
    for (const pattern of this.#patterns) {
      if (text.includes(pattern)) this.#inLine.add(pattern);
    }
    this.#offset += segment.length;
    this.#keepCarry(text);
    for (const signature of this.#pending.filter((candidate) => this.#matches(candidate))) {
      this.#pending.splice(this.#pending.indexOf(signature), 1);
      found.push({ name: signature.name, class: signature.class, offset: this.#lineStart });
      this.#triggers = triggersOf(this.#pending);
    }
  }

  #matches(signature: Signature): boolean {
    const has = (pattern: string) => this.#inLine.has(pattern);
    return signature.all.every(has) && (signature.any === undefined || signature.any.some(has));
  }

  #keepCarry(text: string): void {
    this.#carry = this.#longest === 1 ? '' : text.slice(-(this.#longest - 1));
  }

  #beginLine(): void {
    this.#lineStart = this.#offset;
    this.#carry = '';
    this.#inLine.clear();
  }
}

function triggersOf(signatures: readonly Signature[]): string[] {
  return signatures.flatMap(({ all, any }) => (all.length > 0 ? all.slice(0, 1) : (any ?? [])));
}
