/**
 * What calib looks for in a pytest log (spec 05 §8). All patterns are searched case-insensitively within one line.
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

/** A server says that it serves; the first such line ends the start-up time (spec 05 §8 "Start-up signal"). */
export const readinessPatterns: readonly string[] = [
  'application startup complete',
  'uvicorn running on',
  'server is ready',
  'the server is fired up and ready to roll',
  'router is ready',
  'all workers are ready',
  'all workers ready',
];

/** Start-up longer than this deserves a warning that names what to check; never a failure (spec 05 §8). */
export const slowStartupSeconds = 60;

/** Whether a signature (by name) means that memory ran out. */
export function isOutOfMemory(signatureName: string): boolean {
  return outOfMemoryNames.includes(signatureName);
}

/** Whether a signature (by name) may end pytest early. */
export function isFatal(signatureName: string): boolean {
  return signatures.some((signature) => signature.name === signatureName && signature.class === 'fatal');
}
