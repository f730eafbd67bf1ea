/**
 * What calib looks for in a pytest log. All patterns are searched case-insensitively within one line.
 * - `fatal`: the run cannot yield anything any more; may end pytest early, and makes a non-zero end an infra failure.
 * - `suspect`: normal in healthy runs too (a server that is still starting refuses connections); never ends pytest
 *   while its log grows, only explains a failure afterwards.
 */
export type SignatureClass = 'fatal' | 'suspect';

export interface Signature {
  /** Stable name, as written in reasons. */
  name: string;
  class: SignatureClass;
  /** Every one of `all` and, where given, one of `any` must stand in the same line. Lower case, ASCII. */
  all: string[];
  any?: string[];
}

const plain = (name: string, kind: SignatureClass): Signature => ({
  name,
  class: kind,
  all: [name.toLowerCase()],
});

/** Name of the signatures that mean "out of memory": reported as `OOM`, not as a crash. */
const outOfMemoryNames = ['CUDA out of memory', 'OutOfMemoryError'];

/**
 * v0.6.0's list plus out-of-memory, which its own manual promises. Texts that a test of failure handling may print in
 * a healthy run ("worker crashed, restarting") are suspects: waiting for pytest's own end costs less than killing it.
 */
export const signatures: readonly Signature[] = [
  plain('Fatal Python error', 'fatal'),
  plain('Segmentation fault', 'fatal'),
  plain('CUDA error: an illegal memory access', 'fatal'),
  plain('All workers failed', 'fatal'),
  ...outOfMemoryNames.map((name) => plain(name, 'fatal')),
  plain('Child process died', 'suspect'),
  plain('Router failed to start', 'suspect'),
  plain('Server process exited', 'suspect'),
  plain('worker crashed', 'suspect'),
  plain('Address already in use', 'suspect'),
  plain('Connection refused', 'suspect'),
  {
    name: 'server startup failure',
    class: 'suspect',
    all: ['assertionerror'],
    any: ['router', 'worker', 'server', 'health'],
  },
  // Not a crash by itself, but v0.6.0's rule 5: a non-zero end with it is retried.
  plain('TimeoutExpired', 'suspect'),
];

/** A server says that it serves; the first such line ends the start-up time. */
export const readinessPatterns: readonly string[] = [
  'application startup complete',
  'uvicorn running on',
  'server is ready',
  'the server is fired up and ready to roll',
  'router is ready',
  'all workers are ready',
  'all workers ready',
];

/** Start-up longer than this deserves a warning that names what to check; never a failure. */
export const slowStartupSeconds = 60;

/** Whether a signature (by name) means that memory ran out. */
export function isOutOfMemory(signatureName: string): boolean {
  return outOfMemoryNames.includes(signatureName);
}

/** Whether a signature (by name) may end pytest early. */
export function isFatal(signatureName: string): boolean {
  return signatures.some((signature) => signature.name === signatureName && signature.class === 'fatal');
}

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
  /** Position of the piece at hand. */
  #pieceStart = 0;
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
    // Nearly every piece of a log holds nothing that could start a match: then only its first line, which goes on from
    // the piece before, and its last, which goes on in the next, need reading.
    const dull = !this.#triggers.some((pattern) => text.includes(pattern));
    let start = 0;
    for (;;) {
      const end = text.indexOf(newline, start);
      this.#readSegment(end < 0 ? text.slice(start) : text.slice(start, end), found);
      if (end < 0) break;
      start = (dull ? text.lastIndexOf(newline) : end) + 1;
      this.#beginLine(this.#pieceStart + start);
    }
    this.#pieceStart += text.length;
    return found;
  }

  #readSegment(segment: string, found: SignatureMatch[]): void {
    const text = this.#carry + segment;
    for (const pattern of this.#patterns) {
      if (text.includes(pattern)) this.#inLine.add(pattern);
    }
    this.#carry = this.#longest === 1 ? '' : text.slice(-(this.#longest - 1));
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

  #beginLine(offset: number): void {
    this.#lineStart = offset;
    this.#carry = '';
    this.#inLine.clear();
  }
}

function triggersOf(signatures: readonly Signature[]): string[] {
  return signatures.flatMap(({ all, any }) => (all.length > 0 ? all.slice(0, 1) : (any ?? [])));
}
