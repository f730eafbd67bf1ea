const longestBytes = 64 * 1024;
const mostLines = 200;

/** The end of a stream of bytes: at most 200 lines and 64 KiB. */
export class LogTail {
  #bytes = Buffer.alloc(0);

  push(piece: Uint8Array): void {
    const kept = this.#bytes.subarray(Math.max(0, this.#bytes.length + piece.length - longestBytes));
    this.#bytes = Buffer.concat([kept, piece.subarray(Math.max(0, piece.length - longestBytes))]);
  }

  /** As text; bytes that are no UTF-8 are replaced. */
  text(): string {
    const lines = this.#bytes.toString('utf8').split('\n');
    const end = lines.at(-1) === '' ? lines.length - 1 : lines.length;
    return lines.slice(Math.max(0, end - mostLines), end).join('\n');
  }
}
