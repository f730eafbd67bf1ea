import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { StageDefinition } from '../../domain/stages/stage.ts';
import { sha256Of } from '../run-directory/files.ts';

/** A file that is no longer the one a stage was discovered from. */
export interface StaleStage {
  stage: string;
  /** Repository-relative path. */
  file: string;
  kind: 'test' | 'threshold';
  /** The hash in `stages.yaml`, as it stands there. */
  recorded: string;
  /** The file's hash now; null when it cannot be read. */
  actual: string | null;
  reason: string;
}

/**
 * The selected stages whose test or threshold file differs from what `stages.yaml` recorded; a recorded
 * hash that is not 64 hex digits is damaged and counts as different.
 *
 * @param question `repoRoot` is absolute
 */
export async function findStaleStages(question: {
  repoRoot: string;
  stages: readonly StageDefinition[];
}): Promise<StaleStage[]> {
  const hashes = new Map<string, string | null>();
  const stale: StaleStage[] = [];
  for (const stage of question.stages) {
    for (const recorded of recordedFiles(stage)) {
      const known = hashes.get(recorded.file);
      const actual = known === undefined ? await hashOf(join(question.repoRoot, recorded.file)) : known;
      hashes.set(recorded.file, actual);
      if (actual !== recorded.recorded) {
        stale.push({ stage: stage.key, ...recorded, actual, reason: reasonOf(recorded, actual) });
      }
    }
  }
  return stale;
}

type RecordedFile = Pick<StaleStage, 'file' | 'kind' | 'recorded'>;

function recordedFiles(stage: StageDefinition): RecordedFile[] {
  const test: RecordedFile = { file: stage.test, kind: 'test', recorded: stage.test_file_sha256 };
  return stage.threshold_file === undefined
    ? [test]
    : [test, { file: stage.threshold_file, kind: 'threshold', recorded: stage.threshold_file_sha256 ?? '' }];
}

function reasonOf(recorded: RecordedFile, actual: string | null): string {
  if (!/^[0-9a-f]{64}$/.test(recorded.recorded)) {
    return `the recorded hash is damaged (${recorded.recorded.length} characters, 64 hex digits are needed)`;
  }
  return actual === null
    ? `the ${recorded.kind} file cannot be read`
    : `the ${recorded.kind} file has changed (recorded ${recorded.recorded.slice(0, 12)}, now ${actual.slice(0, 12)})`;
}

async function hashOf(path: string): Promise<string | null> {
  const bytes = await readFile(path).catch(() => null);
  return bytes === null ? null : sha256Of(bytes);
}
