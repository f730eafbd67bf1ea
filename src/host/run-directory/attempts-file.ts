import { z } from 'zod';

import { CalibError } from '../../domain/calib-error.ts';
import { messageOf } from '../../domain/text.ts';
import { type Attempt, attemptSchema } from '../../domain/observation/observation.ts';
import { jsonDocument, parseDocument, readIfPresent, writeFileAtomic } from './files.ts';
import { runPaths } from './paths.ts';

/** One (unit, repeat) of a run directory. */
export interface RepeatPlace {
  /** Absolute. */
  runDir: string;
  namespace: string;
  /** 1..N. */
  repeat: number;
}

const attemptsSchema = z.object({
  schema: z.literal('calib.attempts/1'),
  namespace: z.string(),
  repeat: z.number().int().positive(),
  attempts: z.array(attemptSchema),
});

/**
 * The finished attempts of a (unit, repeat) in order of launch; empty before the first one has ended.
 *
 * @throws CalibError when the file is there but not a `calib.attempts/1` document.
 */
export async function readAttempts(place: RepeatPlace): Promise<Attempt[]> {
  const path = runPaths.attempts(place.runDir, place.namespace, place.repeat);
  const bytes = await readIfPresent(path);
  if (bytes === null) return [];
  try {
    return parseAttempts(bytes).attempts;
  } catch (cause) {
    throw new CalibError('not-ready', `${path} is not a calib.attempts/1 document: ${messageOf(cause)}`, {
      remedy: `purge this repeat (${place.namespace}, ${place.repeat}); its files are kept in _discarded/`,
      cause,
    });
  }
}

/**
 * A `calib.attempts/1` document.
 *
 * @throws Error that says in a line what is wrong in it
 */
export function parseAttempts(bytes: Buffer): z.infer<typeof attemptsSchema> {
  return parseDocument(bytes, attemptsSchema);
}

/** The text of a `calib.attempts/1` document, in order of launch. */
export function attemptsDocument(
  { namespace, repeat }: Pick<RepeatPlace, 'namespace' | 'repeat'>,
  attempts: readonly Attempt[],
): string {
  const sorted = [...attempts].sort((a, b) => a.n - b.n);
  return jsonDocument({ schema: 'calib.attempts/1', namespace, repeat, attempts: sorted });
}

/**
 * Records a finished attempt and gives all of them. An attempt whose number is recorded already is left as it is: the
 * activity that records it may run twice, and the first record saw more of the process.
 *
 * @throws CalibError when the file is damaged or cannot be written.
 */
export async function appendAttempt(place: RepeatPlace, attempt: Attempt): Promise<Attempt[]> {
  const known = await readAttempts(place);
  if (known.some(({ n }) => n === attempt.n)) return known;
  const attempts = [...known, attempt].sort((a, b) => a.n - b.n);
  const path = runPaths.attempts(place.runDir, place.namespace, place.repeat);
  await writeFileAtomic(path, attemptsDocument(place, attempts));
  return attempts;
}
