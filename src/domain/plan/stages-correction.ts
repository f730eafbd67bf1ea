import type { JsonSource, StageDefinition } from '../stages/stage.ts';

/** What a changed `stages.yaml` means for a session that was planned with another one. */
export type StagesCorrection =
  | {
      kind: 'accepted';
      /** One line per difference that matters, for notes; empty when no planned stage changed. */
      changes: string[];
      /** Planned stages whose metrics or counts are read from elsewhere now: recorded values are to be compared. */
      reread: string[];
    }
  /** It is about something else than how results are read. */
  | { kind: 'refused'; differences: string[] };

/**
 * Whether a corrected `stages.yaml` may replace the one that a session was planned with (spec 05 §9 HALT, 06 §15 "a config
 * change is detected by hash and recorded"). Where results are read and how many samples are expected may change, so may
 * words; what is measured, by which units, and which literals it is for may not: that would be another session.
 *
 * @param planned the session's stages
 * @param corrected every stage of the new file; further ones do not matter
 */
export function stagesCorrection(
  planned: readonly StageDefinition[],
  corrected: readonly StageDefinition[],
): StagesCorrection {
  const pairs = planned.map((before) => ({ before, now: corrected.find(({ key }) => key === before.key) }));
  const differences = pairs.flatMap(({ before, now }) =>
    now === undefined ? [`${before.key} is missing`] : fixedDifferences(before, now),
  );
  if (differences.length > 0) return { kind: 'refused', differences };
  const changed = pairs.flatMap(({ before, now }) => {
    if (now === undefined) return [];
    const sources = sourceChanges(before, now);
    return [{ key: before.key, sources, others: scopeChanges(before, now) }];
  });
  return {
    kind: 'accepted',
    changes: changed.flatMap(({ sources, others }) => [...sources, ...others]),
    reread: changed.flatMap(({ key, sources }) => (sources.length > 0 ? [key] : [])),
  };
}

const fixedFields = [
  'test',
  'test_file_sha256',
  'threshold_file',
  'threshold_file_sha256',
  'extra_env',
  'variant',
  'calibration_preset',
  'gpus',
  'group',
] as const satisfies readonly (keyof StageDefinition)[];

function fixedDifferences(before: StageDefinition, now: StageDefinition): string[] {
  const fields = fixedFields.flatMap((field) =>
    canonical(before[field]) === canonical(now[field])
      ? []
      : [`${before.key}: ${field} was ${canonical(before[field])}, is ${canonical(now[field])}`],
  );
  const keys = [Object.keys(before.metrics).join(', '), Object.keys(now.metrics).join(', ')];
  if (keys[0] !== keys[1]) {
    return [...fields, `${before.key}: its metrics were ${keys[0] || 'none'}, are ${keys[1] || 'none'}`];
  }
  const metrics = Object.entries(before.metrics).flatMap(([key, metric]) =>
    (['source', 'worst'] as const).flatMap((field) => {
      const other = now.metrics[key]?.[field];
      return metric[field] === other
        ? []
        : [`${before.key}.${key}: ${field} was ${metric[field]}, is ${other ?? 'missing'}`];
    }),
  );
  return [...fields, ...metrics];
}

function sourceChanges(before: StageDefinition, now: StageDefinition): string[] {
  const metrics = Object.entries(before.metrics).flatMap(([key, metric]) =>
    readingChange(`${before.key}.${key}`, metric, now.metrics[key]),
  );
  const counts = (['total', 'ok'] as const).flatMap((count) =>
    readingChange(`${before.key}: count ${count}`, before.sample_counts?.[count], now.sample_counts?.[count]),
  );
  return [...metrics, ...counts];
}

function readingChange(name: string, before: JsonSource | undefined, now: JsonSource | undefined): string[] {
  const [old, corrected] = [place(before), place(now)];
  return old === corrected ? [] : [`${name} is read from ${corrected} instead of ${old}`];
}

function place(source: JsonSource | undefined): string {
  return source?.json_file && source.json_path ? `${source.json_file}::${source.json_path}` : 'nowhere';
}

function scopeChanges(before: StageDefinition, now: StageDefinition): string[] {
  const [old, corrected] = [before.expected_samples, now.expected_samples].map((n) => n ?? 'none');
  return old === corrected ? [] : [`${before.key}: expected_samples is ${corrected} instead of ${old}`];
}

/** Equal for equal values whatever the order of a map's keys. */
function canonical(value: StageDefinition[(typeof fixedFields)[number]]): string {
  if (typeof value !== 'object') return String(value ?? 'absent');
  return JSON.stringify(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
