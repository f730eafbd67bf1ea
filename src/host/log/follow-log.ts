import { type FileHandle, open } from 'node:fs/promises';

import { ClosingSummary } from '../../domain/pytest/closing-summary.ts';
import {
  readinessPatterns,
  type SignatureMatch,
  signatures,
  SignatureScanner,
} from '../../domain/pytest/log-signatures.ts';
import { hasCode } from '../run-directory/files.ts';

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

/** What is known about a log so far. */
export interface LogState {
  /** Bytes read. */
  bytes: number;
  /** The file's size at the last look: more than was read while it grows faster than it can be read. */
  sizeBytes: number;
  /** Signatures found, in order of appearance. */
  matches: SignatureMatch[];
  /** Time (ms of the monotonic clock) at which the first readiness line was *seen*, up to one look late; null before. */
  readyAtMs: number | null;
  /** Time (same clock) at which pytest's closing summary was seen; null while its tests go on. */
  closedAtMs: number | null;
  /** Time of the last look that found new bytes; the time of creation before the first. */
  lastGrowthAtMs: number;
}

export interface LogProgress {
  /** Bytes that this look added. */
  grownBytes: number;
  /** Signatures that this look found. */
  newMatches: SignatureMatch[];
  /** Whether this look found the first readiness line. */
  becameReady: boolean;
  /** Whether more was there than one look reads. */
  behind: boolean;
}

export interface LogFollower {
  /**
   * Reads what was added since the last look, 8 MiB at most: whoever looks has other things to decide in between, and a
   * log that grows faster than it is read would never let go. A log that does not exist yet has no bytes.
   */
  look(): Promise<LogProgress>;
  /**
   * Reads up to where the log ends now, after which nothing is said of it any more. Of a rest beyond 64 MiB only its
   * beginning and its end are read.
   *
   * @returns bytes that were passed over
   */
  finish(): Promise<number>;
  readonly state: LogState;
  /** The last lines: at most 200 and 64 KiB; bytes that are no UTF-8 are replaced. */
  tail(): string;
  close(): Promise<void>;
}

export interface FollowLogOptions {
  path: string;
  /** Milliseconds of a clock that never jumps; replaceable for tests. */
  now?: () => number;
}

const bufferBytes = 64 * 1024;
/** A twentieth of a second of reading on a quiet machine. */
const lookBytes = 8 * 1024 * 1024;
/** Less than a second of reading, half of it at either end of a rest that is longer. */
const restBytes = 64 * 1024 * 1024;
const readinessName = 'ready';

/**
 * Follows a growing log: every byte is read once, through one fixed buffer, and forgotten except
 * for the tail. Matching does not depend on where reads end. A log that became shorter is read again from its start.
 *
 * A follower of an adopted run starts anew at byte 0, because signatures found before the restart are not kept
 * anywhere: that costs one sequential read of the log (about half a second per 100 MB), once per adoption.
 */
export function followLog(options: FollowLogOptions): LogFollower {
  return new FileFollower(options.path, options.now ?? (() => performance.now()));
}

class FileFollower implements LogFollower {
  readonly state: LogState;
  readonly #path: string;
  readonly #now: () => number;
  readonly #buffer = Buffer.allocUnsafe(bufferBytes);
  #file: FileHandle | undefined;
  #tail = new LogTail();
  #scanner = newScanner();
  #summary = new ClosingSummary();

  constructor(path: string, now: () => number) {
    this.#path = path;
    this.#now = now;
    const none = { bytes: 0, sizeBytes: 0, matches: [] };
    this.state = { ...none, readyAtMs: null, closedAtMs: null, lastGrowthAtMs: now() };
  }

  async look(): Promise<LogProgress> {
    const progress: LogProgress = { grownBytes: 0, newMatches: [], becameReady: false, behind: false };
    const file = await this.#open();
    if (file === undefined) return progress;
    await this.#measure(file);
    await this.#readTo(file, Math.min(this.state.sizeBytes, this.state.bytes + lookBytes), progress);
    progress.behind = this.state.bytes < this.state.sizeBytes;
    return progress;
  }

  async finish(): Promise<number> {
    const progress: LogProgress = { grownBytes: 0, newMatches: [], becameReady: false, behind: false };
    const file = await this.#open();
    if (file === undefined) return 0;
    await this.#measure(file);
    const end = this.state.sizeBytes;
    let skipped = 0;
    if (end - this.state.bytes > restBytes) {
      await this.#readTo(file, this.state.bytes + restBytes / 2, progress);
      skipped = end - restBytes / 2 - this.state.bytes;
      this.state.bytes += skipped;
      this.#forget();
    }
    await this.#readTo(file, end, progress);
    return skipped;
  }

  async #measure(file: FileHandle): Promise<void> {
    const { size } = await file.stat();
    if (size < this.state.bytes) this.#startOver();
    this.state.sizeBytes = size;
  }

  async #readTo(file: FileHandle, end: number, progress: LogProgress): Promise<void> {
    while (this.state.bytes < end) {
      const length = Math.min(bufferBytes, end - this.state.bytes);
      const { bytesRead } = await file.read(this.#buffer, 0, length, this.state.bytes);
      if (bytesRead === 0) break;
      this.#take(this.#buffer.subarray(0, bytesRead), progress);
    }
    if (progress.grownBytes > 0) this.state.lastGrowthAtMs = this.#now();
  }

  tail(): string {
    return this.#tail.text();
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  async #open(): Promise<FileHandle | undefined> {
    try {
      this.#file ??= await open(this.#path, 'r');
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error;
    }
    return this.#file;
  }

  #take(piece: Buffer, progress: LogProgress): void {
    this.state.bytes += piece.length;
    progress.grownBytes += piece.length;
    this.#tail.push(piece);
    const text = piece.toString('latin1');
    this.#summary.push(text);
    this.state.closedAtMs = this.#summary.isClosed ? (this.state.closedAtMs ?? this.#now()) : null;
    for (const match of this.#scanner.push(text)) {
      if (match.name.startsWith(readinessName)) this.#noteReady(progress);
      else {
        this.state.matches.push(match);
        this.state.matches.sort(byAppearance);
        progress.newMatches.push(match);
      }
    }
  }

  #noteReady(progress: LogProgress): void {
    if (this.state.readyAtMs !== null) return;
    this.state.readyAtMs = this.#now();
    progress.becameReady = true;
  }

  /** What was found stays found: the evidence was there. */
  #startOver(): void {
    this.state.bytes = 0;
    this.#forget();
  }

  #forget(): void {
    this.#tail = new LogTail();
    this.#scanner = newScanner();
    this.#summary = new ClosingSummary();
  }
}

/** By line, and within a line by the list of signatures: the same wherever a read ended inside the line. */
function byAppearance(a: SignatureMatch, b: SignatureMatch): number {
  const rank = (match: SignatureMatch) => signatures.findIndex((signature) => signature.name === match.name);
  return a.offset - b.offset || rank(a) - rank(b);
}

function newScanner(): SignatureScanner {
  return new SignatureScanner([
    ...signatures,
    { name: readinessName, class: 'suspect', all: [], any: [...readinessPatterns] },
  ]);
}
