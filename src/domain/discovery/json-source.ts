import type { SampleCountEntries } from '../catalog/metric-source.ts';
import type { JsonSource, StageDefinition } from '../stages/stage.ts';

/**
 * Resolves a config entry: a dotted path in the default file, or `<file>::<dotted path>`, split at the first `::` and
 * trimmed; empty or absent parts become null (spec 02 §7).
 */
export function resolveEntry(entry: string | undefined, defaultFile: string | undefined): JsonSource {
  const text = entry ?? '';
  const split = text.indexOf('::');
  if (text.trim() === '') {
    return { json_file: null, json_path: null };
  }
  const file = split === -1 ? (defaultFile ?? '') : text.slice(0, split);
  const path = split === -1 ? text : text.slice(split + 2);
  return { json_file: file.trim() || null, json_path: path.trim() || null };
}

/** Where a stage's sample counts are: the group's own entries replace the general ones as a whole (spec 02 §7). */
export function resolveSampleCounts(settings: {
  json_file?: string | undefined;
  sample_counts?: SampleCountEntries | undefined;
  sample_counts_by_group?: Record<string, SampleCountEntries> | undefined;
  group: string;
}): NonNullable<StageDefinition['sample_counts']> {
  const entries = settings.sample_counts_by_group?.[settings.group] ?? settings.sample_counts;
  return {
    total: resolveEntry(entries?.total, settings.json_file),
    ok: resolveEntry(entries?.ok, settings.json_file),
  };
}

/** Whether both file and path are known. */
export function isComplete(source: JsonSource): boolean {
  return source.json_file !== null && source.json_path !== null;
}
