import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { extname } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath, pathToFileURL } from 'node:url';

import type { WantedPath } from '../../domain/observation/extract-metrics.ts';
import { type DocumentReadings, documentReadings } from './document-readings.ts';
import { readBounded } from './read-bounded.ts';

/** One open result file, and what is wanted of it. */
export interface DocumentRequest {
  fd: number;
  sizeBytes: number;
  wanted: readonly WantedPath[];
}

export interface DocumentLimits {
  /** Memory for the parsed document, MiB. */
  memoryMib: number;
  timeoutMs: number;
}

export type DocumentAnswer = DocumentReadings | { kind: 'too-large'; reason: string };

/** A smaller file is parsed in milliseconds, less than a process takes to start. */
const inlineBytes = 1024 * 1024;
/** Ordinary records take three to six times their text; this leaves small objects room, and the host its memory. */
const memoryPerByte = 16;
const leastMemoryMib = 1024;
const timeoutMs = 60_000;
const mib = 1024 * 1024;

/** What parsing a file of the largest allowed size may cost. */
export function documentLimits(maxBytes: number): DocumentLimits {
  return { memoryMib: Math.max(leastMemoryMib, Math.ceil((maxBytes * memoryPerByte) / mib)), timeoutMs };
}

/**
 * Parses an open result file and reads the wanted places of it. A large one is parsed beside this process, with bounded
 * memory and time, so that neither its heartbeats nor its life depend on what a test has written. Not in a thread: V8 ends
 * the whole process where a parser exceeds the limits of one.
 *
 * @returns `too-large` where it does not fit into the limits
 * @throws Error when the parser fails for another reason
 */
export async function readDocument(
  request: DocumentRequest,
  limits: DocumentLimits,
): Promise<DocumentAnswer> {
  if (request.sizeBytes <= inlineBytes) {
    return documentReadings(readBounded(request.fd, request.sizeBytes), request.wanted);
  }
  const { memoryMib, timeoutMs: limitMs } = limits;
  const run = await runParser(request, limits);
  if (run.code === 0) return JSON.parse(run.said) as DocumentAnswer;
  if (run.late) return { kind: 'too-large', reason: `could not be read within ${limitMs / 1000} s` };
  if (run.code === 134 || run.signal === 'SIGABRT' || run.signal === 'SIGKILL') {
    return { kind: 'too-large', reason: `takes more than ${memoryMib} MiB of memory to read` };
  }
  throw new Error(
    `the reader of result files ended with ${run.signal ?? run.code}: ${run.complaint.slice(-500)}`,
  );
}

interface ParserRun {
  code: number | null;
  signal: string | null;
  late: boolean;
  said: string;
  complaint: string;
}

/** By hand: the library that calib starts programs with hands no open file on. */
async function runParser(request: DocumentRequest, limits: DocumentLimits): Promise<ParserRun> {
  const { fd, sizeBytes, wanted } = request;
  const child = spawn(process.execPath, [`--max-old-space-size=${limits.memoryMib}`, ...parserProgram()], {
    stdio: ['pipe', 'pipe', 'pipe', fd],
    // Nothing of this process's environment decides how a result is read.
    env: {},
  }) as ChildProcessWithoutNullStreams;
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, limits.timeoutMs);
  try {
    const ended = new Promise<Pick<ParserRun, 'code' | 'signal'>>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => resolve({ code, signal }));
    });
    // It may die before it has read its question.
    child.stdin.on('error', () => undefined);
    child.stdin.end(JSON.stringify({ sizeBytes, wanted }));
    const [end, said, complaint] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
    return { ...end, late, said, complaint };
  } finally {
    clearTimeout(timer);
  }
}

function parserProgram(): string[] {
  const extension = extname(import.meta.url);
  const program = fileURLToPath(new URL(`./read-document-main${extension}`, import.meta.url));
  if (extension === '.js') return [program];
  return ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href, program];
}
