import { isUtf8 } from 'node:buffer';

import {
  type PathReading,
  readingKey,
  readJsonPath,
  type WantedPath,
} from '../../domain/observation/extract-metrics.ts';
import { parseResultJson } from '../../domain/observation/parse-result-json.ts';
import { sha256Of } from '../run-directory/files.ts';

/** What a result file says where somebody looks, without the rest of it. Plain values, for another process to send. */
export type DocumentReadings =
  | { kind: 'readings'; sha256: string; readings: Record<string, PathReading> }
  | { kind: 'invalid'; reason: string };

/** Parses a result file and reads the wanted places of it. Synchronous: the parser is, and takes most of the time. */
export function documentReadings(bytes: Buffer, wanted: readonly WantedPath[]): DocumentReadings {
  if (!isUtf8(bytes)) return { kind: 'invalid', reason: 'it is not UTF-8 text' };
  const parsed = parseResultJson(bytes.toString('utf8'));
  if (!parsed.ok) return { kind: 'invalid', reason: parsed.reason };
  const readings = wanted.map(
    ({ path, as }) => [readingKey({ path, as }), readJsonPath(parsed.value, path, as)] as const,
  );
  return { kind: 'readings', sha256: sha256Of(bytes), readings: Object.fromEntries(readings) };
}
