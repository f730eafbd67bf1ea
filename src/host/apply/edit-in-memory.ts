import type { PlannedThreshold, WriteChoice } from '../../domain/apply/apply-choice.ts';
import { replaceLiterals } from '../../python/replace-literals.ts';
import type { LiteralReplacement } from '../../python/replace-literals.ts';
import { resolveTarget } from './resolve-target.ts';
import type { EditTarget } from './resolve-target.ts';

/** A threshold that is to be written. */
export type ThresholdWrite = PlannedThreshold & WriteChoice;

/** A file with its new content, verified; nothing is written yet. */
export interface PreparedFile extends EditTarget {
  after: Uint8Array;
}

/**
 * The new contents of every file that the writes are in, verified by parsing them again; nothing is written.
 *
 * @returns `edits`: literals changed, two writes may share one; or why a file cannot be edited
 */
export async function editInMemory(
  repoRoot: string,
  writes: readonly ThresholdWrite[],
): Promise<{ files: PreparedFile[]; edits: number } | { problem: string }> {
  const targets = new Map<string, { target: EditTarget; writes: ThresholdWrite[] }>();
  for (const write of writes) {
    const resolved = await resolveTarget({ repoRoot, file: write.stage.threshold_file });
    if ('problem' in resolved) {
      return resolved;
    }
    const { target } = resolved;
    const known = targets.get(target.path)?.writes ?? [];
    targets.set(target.path, { target, writes: [...known, write] });
  }
  const files: PreparedFile[] = [];
  let edits = 0;
  for (const { target, writes: wanted } of targets.values()) {
    const replaced = replaceLiterals(target.bytes, target.file, wanted.map(replacementOf));
    if (replaced.kind === 'refused') {
      return { problem: replaced.reason };
    }
    files.push({ ...target, after: replaced.bytes });
    edits += replaced.edits;
  }
  return { files, edits };
}

function replacementOf({ metric, text }: ThresholdWrite): LiteralReplacement {
  const { symbol, subkey, outer_key: concurrency, current_text: oldText } = metric;
  return {
    target: { symbol, subkey, concurrency },
    oldText: oldText ?? '',
    newText: text,
  };
}
