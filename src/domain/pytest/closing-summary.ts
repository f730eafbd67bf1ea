/** Longer lines are no line of pytest's own. */
const longestLine = 400;

// oxlint-disable-next-line no-control-regex -- colours of a terminal report
const colours = /\u001b\[[0-9;]*m/g;
const header = /^=+ test session starts(?: \(.*\))? =+$/i;
/** `=== 1 failed, 2 passed, 1 warning in 3.21s (0:00:03) ===`, with bars or (quiet) without; `no tests ran in 0.01s`. */
const summary =
  /^(=+ )?(?:no tests ran|\d+ [a-z]+(?:, \d+ [a-z]+)*) in \d+(?:\.\d+)?(?:s| seconds)(?: \([\d:, a-z]*\))?(?: =+)?$/;
const testLine = /^\S+\.py::/;
const triggers = [' in ', 'test session starts', '.py::'];

/**
 * Tells from a growing log whether pytest has printed its closing summary, that is, whether its tests are over. A test may
 * run a pytest of its own: each session has a header and a summary, and only the last summary closes the log; a test that is
 * announced later opens it again. Text is one character per byte; how the stream is cut does not matter.
 */
export class ClosingSummary {
  #line = '';
  #headers = 0;
  #summaries = 0;

  /** True once every session that has begun is summed up. */
  get isClosed(): boolean {
    return this.#summaries > 0 && this.#summaries >= this.#headers;
  }

  /** Takes the next piece of the log. */
  push(piece: string): void {
    const text = this.#line + piece.replaceAll('\r', '\n');
    const rest = text.lastIndexOf('\n') + 1;
    // Nearly every piece of a log holds nothing of the kind.
    if (rest > 0 && triggers.some((trigger) => text.includes(trigger))) {
      for (const line of text.slice(0, rest).split('\n')) this.#read(line);
    }
    this.#line = text.slice(rest, rest + longestLine + 1);
  }

  #read(line: string): void {
    if (line.length > longestLine || !triggers.some((trigger) => line.includes(trigger))) return;
    const plain = line.replace(colours, '').trimEnd();
    if (header.test(plain)) this.#headers += 1;
    else if (testLine.test(plain))
      this.#summaries = Math.min(this.#summaries, Math.max(0, this.#headers - 1));
    else {
      const match = summary.exec(plain);
      // A session with a header puts its summary between bars: one without is of a quieter session inside a test.
      if (match !== null && (match[1] !== undefined || this.#headers === 0)) this.#summaries += 1;
    }
  }
}
