import { readFile } from 'node:fs/promises';

import { z } from 'zod';

import type { CellFile, Integrity } from '../../domain/audit/run-snapshot.ts';
import { firstIssue } from '../../domain/first-issue.ts';
import { messageOf } from '../../domain/message-of.ts';
import { commitMarkerSchema } from '../../domain/observation/commit-marker.ts';
import { observationSchema } from '../../domain/observation/observation.ts';
import type { Observation } from '../../domain/observation/observation.ts';
import { parseResultJson } from '../../domain/observation/parse-result-json.ts';
import { isAbsent } from '../files/has-code.ts';
import { sha256Of } from '../files/sha256-of.ts';
import { runPaths } from './paths.ts';

/** As on disk: v0.6.0 records NaN as a metric, and the strict rules want to name it rather than lose the file. */
const recordedObservationSchema = observationSchema.extend({
  metrics: z.record(
    z.string(),
    z.custom<number | null>((value) => value === null || typeof value === 'number', 'not a number'),
  ),
});

export interface ReadCellOptions {
  runDir: string;
  stage: string;
  /** k, from 1. */
  repeat: number;
  /** The unit that feeds the stage, by the plan; absent: the one that the record itself names. */
  unit?: string | undefined;
  /**
   * `required` in a directory that calib made or adopted: there every record that counts has a commit marker, so a file
   * without one is not taken for the original tool's. Default `optional`.
   */
  markers?: 'required' | 'optional' | undefined;
}

/** What stands on disk for stage × k. Never throws: whatever cannot be read is a corrupt cell that says why. */
export async function readCell(options: ReadCellOptions): Promise<CellFile> {
  const first = await readOnce(options);
  // A repeat that is being committed at this moment shows its new file beside the old marker: look once more.
  const unsettled = first.kind === 'corrupt' || (first.kind === 'recorded' && first.integrity === 'edited');
  return unsettled ? await readOnce(options) : first;
}

async function readOnce(options: ReadCellOptions): Promise<CellFile> {
  const { runDir, stage, repeat } = options;
  let bytes: Buffer;
  try {
    bytes = await readFile(runPaths.observation(runDir, stage, repeat));
  } catch (error) {
    return isAbsent(error) ? { kind: 'missing' } : { kind: 'corrupt', error: messageOf(error) };
  }
  const document = parseResultJson(bytes.toString('utf8'));
  if (!document.ok) {
    return { kind: 'corrupt', error: document.reason };
  }
  const parsed = recordedObservationSchema.safeParse(document.value);
  if (!parsed.success) {
    return { kind: 'corrupt', error: firstIssue(parsed.error) };
  }
  const observation: Observation = parsed.data;
  const integrity = await integrityOf({ ...options, bytes, observation });
  return { kind: 'recorded', observation, integrity };
}

interface IntegrityOptions extends ReadCellOptions {
  bytes: Buffer;
  observation: Observation;
}

/**
 * Compares an observation's bytes with its unit's commit marker (spec 05 §10). The original tool's records have none until
 * calib adopts their directory.
 */
async function integrityOf(options: IntegrityOptions): Promise<Integrity> {
  const { bytes, observation } = options;
  const namespace = options.unit ?? observation.namespace;
  const committed = namespace === undefined ? null : await committedHash({ ...options, namespace });
  if (committed === null) {
    const legacy = observation.namespace === undefined && options.markers !== 'required';
    return legacy ? 'legacy' : 'uncommitted';
  }
  return committed === sha256Of(bytes) ? 'committed' : 'edited';
}

async function committedHash(options: ReadCellOptions & { namespace: string }): Promise<string | null> {
  try {
    const text = await readFile(
      runPaths.commitMarker(options.runDir, options.namespace, options.repeat),
      'utf8',
    );
    return commitMarkerSchema.parse(JSON.parse(text)).observations[options.stage] ?? null;
  } catch {
    // No marker, or none that could be read: either way nothing vouches for the observation.
    return null;
  }
}
