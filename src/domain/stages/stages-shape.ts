import type { JsonSource, StageDefinition } from './stage.ts';

/**
 * What of a stage is its shape: which test feeds it in which environment, which metrics it has, in which places their
 * literals stand, where results are read and how many samples they are of. Titles, labels, hashes and times are not.
 */
const stageFields = [
  'test',
  'group',
  'variant',
  'calibration_preset',
  'gpus',
  'hf_model_ids',
  'extra_env',
  'threshold_file',
  'expected_samples',
  'observation_validity',
  'allowed_pytest_failure',
] as const satisfies readonly (keyof StageDefinition)[];

/**
 * How the shape of discovered stages differs from the recorded one: one line a stage, none where they agree. The order of
 * stages and metrics does not matter.
 */
export function shapeDifferences(
  recorded: readonly StageDefinition[],
  discovered: readonly StageDefinition[],
): string[] {
  const now = new Map(discovered.map((stage) => [stage.key, stage]));
  const before = new Map(recorded.map((stage) => [stage.key, stage]));
  return [
    ...recorded.flatMap((stage) => {
      const found = now.get(stage.key);
      if (found === undefined) return [`${stage.key}: is not discovered (it was in ${stage.test})`];
      const parts = stageDifferences(stage, found);
      return parts.length === 0 ? [] : [`${stage.key}: ${parts.join('; ')}`];
    }),
    ...discovered
      .filter(({ key }) => !before.has(key))
      .map((stage) => `${stage.key}: is new, in ${stage.test}`),
  ];
}

function stageDifferences(recorded: StageDefinition, found: StageDefinition): string[] {
  const fields = stageFields.flatMap((field) => changed(field, recorded[field], found[field]));
  const counts = (['total', 'ok'] as const).flatMap((count) =>
    changed(`count ${count}`, place(recorded.sample_counts?.[count]), place(found.sample_counts?.[count])),
  );
  const keys = new Set([...Object.keys(recorded.metrics), ...Object.keys(found.metrics)]);
  return [...fields, ...counts, ...[...keys].flatMap((key) => metricDifferences(key, { recorded, found }))];
}

function metricDifferences(
  key: string,
  { recorded, found }: { recorded: StageDefinition; found: StageDefinition },
): string[] {
  const [before, now] = [recorded.metrics[key], found.metrics[key]];
  if (before === undefined) return [`${key} is new (${now?.source})`];
  if (now === undefined) return [`${key} is gone (${before.source})`];
  return [
    ...changed(key, before.source, now.source),
    ...changed(`${key} is read from`, place(before), place(now)),
    ...changed(`${key} worst`, before.worst, now.worst),
  ];
}

function place(source: JsonSource | undefined): string {
  return source === undefined ? 'nowhere' : `${source.json_file ?? ''}::${source.json_path ?? ''}`;
}

function changed(what: string, before: unknown, now: unknown): string[] {
  const [old, found] = [canonical(before), canonical(now)];
  return old === found ? [] : [`${what} was ${old}, is ${found}`];
}

/** Equal for equal values whatever the order of a map's keys. */
function canonical(value: unknown): string {
  if (value === undefined) return 'not set';
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return typeof value === 'string' ? value : JSON.stringify(value);
  }
  return JSON.stringify(Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))));
}
