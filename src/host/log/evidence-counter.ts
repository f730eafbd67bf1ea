import { StringDecoder } from 'node:string_decoder';

/**
 * A longer line is looked at in pieces of this many characters: a log without line ends must not fill the memory, and an
 * expression with several `.*` must not take for ever over one of them.
 */
const longestLine = 2 * 1024;

/**
 * Counts, per expression, the lines of a stream that match it. Progress bars end their lines with a carriage return
 * alone, so that counts as a line end. A line counts once, however often and in however many pieces it matches.
 */
export class EvidenceCounter {
  readonly #expressions: readonly RegExp[];
  readonly #counts: number[];
  readonly #decoder = new StringDecoder('utf8');
  /** Expressions (by index) that the unfinished line has matched already. */
  readonly #inLine = new Set<number>();
  #carry = '';

  constructor(expressions: readonly RegExp[]) {
    this.#expressions = expressions;
    this.#counts = expressions.map(() => 0);
  }

  /** Takes the next bytes, cut anywhere. */
  push(piece: Buffer): void {
    const lines = (this.#carry + this.#decoder.write(piece)).split(/[\n\r]/);
    this.#carry = lines.pop() ?? '';
    for (const line of lines) {
      this.#lookInPieces(line);
      this.#inLine.clear();
    }
    if (this.#carry.length > longestLine) {
      this.#lookInPieces(this.#carry);
      this.#carry = '';
    }
  }

  /** The counts, by expression, after the last piece. */
  end(): number[] {
    this.#lookInPieces(this.#carry + this.#decoder.end());
    return [...this.#counts];
  }

  #lookInPieces(line: string): void {
    for (let start = 0; start < line.length; start += longestLine) {
      this.#look(line.slice(start, start + longestLine));
    }
  }

  #look(line: string): void {
    if (line === '') return;
    for (const [index, expression] of this.#expressions.entries()) {
      if (!this.#inLine.has(index) && expression.test(line)) {
        this.#inLine.add(index);
        this.#counts[index] = (this.#counts[index] ?? 0) + 1;
      }
    }
  }
}
